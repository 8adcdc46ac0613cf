import { bytes, count } from "../../../../report/format.ts"
import type { PageData } from "./data.ts"
import { make, place } from "./dom.ts"
import { openPackages } from "./packages.ts"
import { showSteps } from "./steps.ts"
import { openTreemap } from "./treemap.ts"
import { treeOf } from "./tree.ts"

const data = JSON.parse(place("data").textContent) as PageData

function facts(): readonly HTMLElement[] {
  const rows: readonly (readonly [string, string])[] = [
    ["pulled", bytes(data.size)],
    ["unpacked", bytes(data.unpacked)],
    ["files", data.files.toLocaleString("en")],
    ["layers", String(data.layers.length)],
    ...[...Map.groupBy(data.packages, ({ ecosystem }) => ecosystem)].map(
      ([ecosystem, those]) =>
        [`${ecosystem} ${those.length === 1 ? "package" : "packages"}`, String(those.length)] as const,
    ),
  ]
  return rows.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value)))
}

place("facts").replaceChildren(...facts())
place("about").textContent = [data.platform, data.system].filter((one) => one !== "").join(" · ")
place("digests").replaceChildren(
  ...[
    ["", data.digest],
    ["built on ", data.base],
  ].flatMap(([words = "", name = ""]) => (name === "" ? [] : [make("p", {}, words, make("code", {}, name))])),
)

const tree = treeOf(data)
const map = openTreemap(tree.root)
map.open(tree.root)
const section = place("treemap")
const still = matchMedia("(prefers-reduced-motion: reduce)").matches
const look = (part: typeof tree.root | undefined): void => {
  if (part === undefined) return
  section.scrollIntoView({ behavior: still ? "auto" : "smooth" })
  map.open(part, "first")
}
const isHidden = data.layers.some(({ hidden }) => hidden > 0)
const looks: readonly (readonly [string, string])[] = [
  ...new Map(data.packages.map(({ type, ecosystem }) => [type, ecosystem])),
  ["none", "no package"],
  ...(isHidden ? [["hidden", "hidden by later layers"] as const] : []),
  ["rest", "small ones together"],
]
place("key").replaceChildren(
  ...looks.map(([type, words]) =>
    make("li", {}, make("span", { class: `swatch ${type}`, "aria-hidden": "true" }), words),
  ),
)
openPackages(data, (at) => look(tree.packages.get(at)))
showSteps(data, (at) => look(tree.layers.get(at)))
place("count").textContent = count(data.packages.length, "package")
