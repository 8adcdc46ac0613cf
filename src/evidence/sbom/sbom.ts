import type { Digest } from "../../oci/digest.ts"
import type { Platform } from "../../oci/platform.ts"
import { ecosystems, type Package, type System } from "../inventory/item.ts"
import type { Found } from "../inventory/join.ts"
import { licenceOf, type Licence } from "./licence.ts"
import { purlOf, systemOf } from "./purl.ts"

/** What a bill of materials is about. */
export type Subject = {
  /** As people call it: a reference or a row. */
  readonly name: string
  readonly digest: Digest
  readonly platform: Platform
}

/** A package of a bill of materials, once, with all places where it is. */
export type Material = {
  readonly package: Package
  readonly purl: string
  readonly licence: Licence | undefined
  /** The files that say so, with a slash in front. */
  readonly paths: readonly string[]
}

/** What both formats are written from, in an order that does not depend on anything but the image. */
export type Materials = {
  readonly subject: Subject
  readonly system: System | undefined
  readonly packages: readonly Material[]
}

/** The packages of an image, each once. */
export function materialsOf(subject: Subject, items: readonly Found[]): Materials {
  const system = systemOf(items)
  const found = new Map<string, { package: Package; paths: string[] }>()
  for (const item of items) {
    if (item.kind !== "package") continue
    const purl = purlOf(item, system)
    const before = found.get(purl)
    if (before === undefined) found.set(purl, { package: item, paths: [`/${item.path}`] })
    else before.paths.push(`/${item.path}`)
  }
  const packages = [...found].map(([purl, one]): Material => ({
    package: one.package,
    purl,
    licence: one.package.licence === undefined ? undefined : licenceOf(one.package.licence),
    paths: one.paths.toSorted(),
  }))
  const order = ({ package: { ecosystem } }: Material): number => ecosystems.indexOf(ecosystem)
  return { subject, system, packages: packages.sort((a, b) => order(a) - order(b) || (a.purl < b.purl ? -1 : 1)) }
}
