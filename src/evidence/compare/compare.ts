import { sizeOfLayers, type Image } from "../../oci/image.ts"
import { lackedLayers } from "../../oci/layers-at.ts"
import { ecosystems, type Ecosystem } from "../inventory/item.ts"
import { normaliseName } from "../../environment/names.ts"
import type { Found } from "../inventory/join.ts"
import { compareVersions } from "./versions.ts"

/** A package of which two images have not the same versions. */
export type PackageChange = {
  readonly ecosystem: Ecosystem
  readonly name: string
  /** `changed`: several versions on a side, or builds of one version. */
  readonly change: "up" | "down" | "changed" | "new" | "gone"
  /** Versions in the first image, and in the second; an image may have several of a package. */
  readonly from: readonly string[]
  readonly to: readonly string[]
}

/** A kernel or an extension that only one of two images has. */
export type OtherChange = {
  readonly kind: Exclude<Found["kind"], "package" | "unread">
  readonly name: string
  readonly change: "new" | "gone"
}

/** How one image differs from another. */
export type Comparison = {
  readonly packages: readonly PackageChange[]
  readonly others: readonly OtherChange[]
  /** Compressed, in bytes. */
  readonly size: { readonly from: number; readonly to: number }
  /** What somebody pulls for the second who has the first. */
  readonly pull: { readonly bytes: number; readonly layers: number; readonly of: number }
}

type Side = { readonly image: Image; readonly items: readonly Found[] }

/** Compares what two images have, and what their layers weigh. */
export function compareImages(from: Side, to: Side): Comparison {
  const had = new Set(from.image.layers.map(({ descriptor }) => descriptor.digest))
  const layers = to.image.layers.map(({ descriptor }) => descriptor)
  const missing = lackedLayers(layers, had)
  return {
    packages: packageChanges(from.items, to.items),
    others: otherChanges(from.items, to.items),
    size: { from: sizeOfLayers(from.image), to: sizeOfLayers(to.image) },
    pull: {
      bytes: missing.reduce((sum, { size }) => sum + size, 0),
      layers: missing.length,
      of: new Set(layers.map(({ digest }) => digest)).size,
    },
  }
}

type Versions = { readonly ecosystem: Ecosystem; readonly name: string; readonly versions: Set<string> }

function packageChanges(from: readonly Found[], to: readonly Found[]): readonly PackageChange[] {
  const [first, second] = [versionsOf(from), versionsOf(to)]
  const changes: PackageChange[] = []
  for (const key of new Set([...first.keys(), ...second.keys()])) {
    const [a, b] = [first.get(key), second.get(key)]
    const { ecosystem, name } = (b ?? a) as Versions
    const order = (versions: Set<string> | undefined): readonly string[] =>
      [...(versions ?? [])].sort((x, y) => compareVersions(ecosystem, x, y) || (x < y ? -1 : 1))
    const [before, after] = [order(a?.versions), order(b?.versions)]
    if (before.join(" ") === after.join(" ")) continue
    changes.push({ ecosystem, name, change: changeOf(ecosystem, before, after), from: before, to: after })
  }
  return changes.sort(
    (a, b) =>
      ecosystems.indexOf(a.ecosystem) - ecosystems.indexOf(b.ecosystem) ||
      (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1),
  )
}

function versionsOf(items: readonly Found[]): ReadonlyMap<string, Versions> {
  const found = new Map<string, Versions>()
  for (const item of items) {
    if (item.kind !== "package") continue
    // Python's names are written in several ways, and a wheel may change its mind.
    const name = item.ecosystem === "pypi" ? normaliseName(item.name) : item.name
    const key = `${item.ecosystem} ${name}`
    const versions = found.get(key) ?? { ecosystem: item.ecosystem, name, versions: new Set() }
    // Two builds of a version are two things in conda.
    versions.versions.add(item.build === undefined ? item.version : `${item.version} ${item.build}`)
    found.set(key, versions)
  }
  return found
}

function changeOf(ecosystem: Ecosystem, from: readonly string[], to: readonly string[]): PackageChange["change"] {
  if (from.length === 0) return "new"
  if (to.length === 0) return "gone"
  const [a, b] = [from[0], to[0]]
  if (from.length > 1 || to.length > 1 || a === undefined || b === undefined) return "changed"
  const order = compareVersions(ecosystem, a.split(" ")[0] ?? "", b.split(" ")[0] ?? "")
  return order === 0 ? "changed" : order < 0 ? "up" : "down"
}

function otherChanges(from: readonly Found[], to: readonly Found[]): readonly OtherChange[] {
  const [first, second] = [from, to].map(
    (items) =>
      new Map(
        items
          .filter(({ kind }) => kind !== "package" && kind !== "unread")
          .map((item) => [`${item.kind} ${item.name}`, item]),
      ),
  ) as [Map<string, Found>, Map<string, Found>]
  const only = (one: Map<string, Found>, other: Map<string, Found>, change: OtherChange["change"]): OtherChange[] =>
    [...one].flatMap(([key, { kind, name }]) =>
      other.has(key) || kind === "package" || kind === "unread" ? [] : [{ kind, name, change }],
    )
  return [...only(second, first, "new"), ...only(first, second, "gone")]
}
