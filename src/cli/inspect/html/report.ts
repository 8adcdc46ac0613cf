import type { Package } from "../../../evidence/inventory/item.ts"
import type { LayerSum, WeighedFile } from "../../../evidence/weight/package-weight.ts"
import { sizeOfLayers } from "../../../oci/image.ts"
import { savings } from "../savings.ts"
import { madeAt, madeBy, packageWords } from "../view.ts"
import type { WeighedImage } from "../weighed.ts"
import type { PageData, PageGroup } from "./page/data.ts"

/** Files that the page names, of a package in a layer and in all: smaller ones are summed up. */
export type Most = { readonly ofGroup: number; readonly together: number }
const usual: Most = { ofGroup: 100, together: 20_000 }

/** What a page about an image shows. */
export function pageData(weighed: WeighedImage, most: Most = usual): PageData {
  const { name, image, location, base, inventory, unpacked, hidden, weight } = weighed
  const hiddenOf = Map.groupBy(hidden, ({ layer }) => layer)
  return {
    name,
    platform: image.platform,
    digest: location.digest,
    system: inventory.items.find(({ kind }) => kind === "system")?.name ?? "",
    base: base ?? "",
    size: sizeOfLayers(image),
    unpacked: sum(unpacked),
    files: weight.files.length,
    layers: image.layers.map(({ descriptor, history }, at) => ({
      by: madeBy(history.created_by),
      created: madeAt(history.created),
      size: descriptor.size,
      unpacked: unpacked[at] ?? 0,
      hidden: sum((hiddenOf.get(at) ?? []).map(({ bytes }) => bytes)),
    })),
    packages: weight.packages.map(({ item, layers, bytes, compressed, files }) => ({
      name: item.name,
      version: item.version,
      type: item.ecosystem,
      ecosystem: packageWords[item.ecosystem],
      layers: layers.length === 0 ? [item.layer] : layers.map(({ layer }) => layer),
      bytes,
      compressed,
      files,
      from: fromWords(item),
    })),
    groups: groupsOf(weighed, most),
    savings: savings(weighed),
  }
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0)
}

/** Who installed a package and where from. What dpkg calls the source package is no place. */
function fromWords({ ecosystem, installer, origin }: Package): string {
  const where = ecosystem === "deb" || ecosystem === "apk" ? undefined : origin
  return [installer, where].filter((one) => one !== undefined).join(", ")
}

function groupsOf({ weight }: WeighedImage, { ofGroup, together }: Most): readonly PageGroup[] {
  const named = new Map<string, WeighedFile[]>()
  let left = together
  // They come by size, so that all have what is largest in all.
  for (const file of weight.files) {
    const key = `${file.layer} ${file.package ?? -1}`
    const those = named.get(key) ?? []
    named.set(key, those)
    if (left === 0 || those.length === ofGroup) continue
    those.push(file)
    left--
  }
  const groups = (layers: readonly LayerSum[], at: number): readonly PageGroup[] =>
    layers.map(({ layer, bytes, files }) => ({
      layer,
      package: at,
      bytes,
      files,
      largest: (named.get(`${layer} ${at}`) ?? []).map(({ path, size }) => [path, size] as const),
    }))
  return [...weight.packages.flatMap(({ layers }, at) => groups(layers, at)), ...groups(weight.none.layers, -1)]
}
