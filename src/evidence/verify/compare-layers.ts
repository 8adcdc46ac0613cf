import type { Image } from "../../oci/image.ts"
import { count } from "../../report/format.ts"
import type { Found } from "../inventory/join.ts"
import { inventoryFrom, type Inventory } from "../inventory/inventory.ts"
import { factsFormat, type LayerFacts } from "../inventory/layer-facts.ts"
import { sentenceOf } from "../sentence.ts"
import { bad, note, ok, type Finding } from "./finding.ts"

/** Names of packages that a line lists. */
const listed = 5

/**
 * Compares a kept inventory with what the layers themselves say, all of them read and hashed. What only the layers say is no lie: who wrote
 * the inventory knew less.
 */
export async function compareLayers(
  record: (Inventory & { readonly facts?: number }) | undefined,
  image: Image,
  read: (image: Image) => Promise<readonly LayerFacts[]>,
): Promise<readonly Finding[]> {
  let facts: readonly LayerFacts[]
  try {
    facts = await read(image)
  } catch (error) {
    return [bad("image", sentenceOf(error))]
  }
  const whole = ok("image", `${count(image.layers.length, "layer")} read, each what its digest says`)
  if (record === undefined) return [whole]
  const there = namesOf(inventoryFrom(facts).items)
  const said = namesOf(record.items)
  const lies = [...said].filter((name) => !there.has(name))
  const more = [...there].filter((name) => !said.has(name))
  // Another version may have known less; the same one has left something out.
  const hides = more.length > 0 && record.facts === factsFormat
  return [
    whole,
    ...(lies.length === 0 ? [] : [bad("inventory", `the layers do not have what it says: ${some(lies)}`)]),
    ...(hides ? [bad("inventory", `it leaves out what the layers have: ${some(more)}`)] : []),
    ...(more.length > 0 && !hides ? [note("inventory", `the layers have more than it says: ${some(more)}`)] : []),
    ...(lies.length === 0 && !hides ? [ok("inventory", "what it says is in the layers")] : []),
  ]
}

function namesOf(items: readonly Found[]): ReadonlySet<string> {
  return new Set(
    items.map((item) =>
      item.kind === "package" ? `${item.name} ${item.version} (${item.ecosystem})` : `${item.name} (${item.kind})`,
    ),
  )
}

function some(names: readonly string[]): string {
  const more = names.length - listed
  return `${names.slice(0, listed).join(", ")}${more > 0 ? ` and ${more} more` : ""}`
}
