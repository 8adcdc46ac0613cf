/** What a page about an image shows. Sizes are in bytes, layers are counted from 0 at the bottom; all text is the image's own. */
export type PageData = {
  readonly name: string
  readonly platform: string
  readonly digest: string
  /** What people call its system and what it is built on; empty where that is not known. */
  readonly system: string
  readonly base: string
  /** What is pulled, and what it unpacks to. */
  readonly size: number
  readonly unpacked: number
  readonly files: number
  readonly layers: readonly PageLayer[]
  readonly packages: readonly PagePackage[]
  readonly groups: readonly PageGroup[]
  readonly savings: readonly { readonly size: number; readonly what: string; readonly instead: string }[]
}

export type PageLayer = {
  readonly by: string
  /** As the image says it, `2026-11-24 10:00`; empty where it says nothing. */
  readonly created: string
  readonly size: number
  readonly unpacked: number
  /** What later layers hide of it. */
  readonly hidden: number
}

export type PagePackage = {
  readonly name: string
  readonly version: string
  /** Its package URL's type, for colours, and what people call it. */
  readonly type: string
  readonly ecosystem: string
  /** The layers with its files, the heaviest first; that of its metadata where it has none. */
  readonly layers: readonly number[]
  readonly bytes: number
  /** An estimate of what is pulled for it. */
  readonly compressed: number
  readonly files: number
  /** Who put it there and where from, as the package says. */
  readonly from: string
}

/** The files of a package, or of none, in a layer. */
export type PageGroup = {
  readonly layer: number
  /** Its number in `packages`; -1 for none. */
  readonly package: number
  readonly bytes: number
  readonly files: number
  /** The largest ones with their paths; what is missing of `files` is smaller. */
  readonly largest: readonly (readonly [path: string, size: number])[]
}
