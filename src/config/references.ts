import { parseReference } from "../oci/reference.ts"

/** What a `from` names, by its form alone. */
export type From =
  | { readonly kind: "tree"; readonly key: string; readonly row: string | undefined }
  | { readonly kind: "external"; readonly reference: string }
  | { readonly kind: "wrong"; readonly text: string; readonly message: string; readonly hint?: string | undefined }

/** Reads a `from`. Without a registry host it means this tree, so that a typo never becomes somebody's public image. */
export function readFrom(text: string): From {
  const reference = parseReference(text)
  if (reference?.host !== undefined) return { kind: "external", reference: text }
  const row = /^([a-z0-9]+(?:[.-][a-z0-9]+)*)(?::([A-Za-z0-9][A-Za-z0-9._-]*))?$/.exec(text)
  if (row?.[1] !== undefined) return { kind: "tree", key: row[1], row: row[2] === undefined ? undefined : text }
  if (reference !== undefined)
    return {
      kind: "wrong",
      text,
      message: `\`${text}\` is no image of this tree`,
      hint: `An image elsewhere needs its registry host, such as docker.io/${text}`,
    }
  return {
    kind: "wrong",
    text,
    message: `\`${text}\` is no name of an image`,
    hint: "Such as `base`, `datascience:2021.3` or `ghcr.io/x/y:tag`",
  }
}

/** An image of this tree as a Dockerfile's `FROM` may write it. */
export type NamedBase = {
  /** A key of `images`, or with the tree's registry in front a repository. */
  readonly path: string
  readonly tag: string | undefined
  readonly qualified: boolean
}

/** Reads a `FROM` that may name an image of the tree; `undefined` where it has another host, or is no reference. */
export function readBase(base: string, registry: string | undefined): NamedBase | undefined {
  const prefix = registry === undefined ? undefined : `${registry.replace(/\/+$/, "")}/`
  const qualified = prefix !== undefined && base.startsWith(prefix)
  const parsed = parseReference(qualified ? base.slice(prefix.length) : base)
  if (parsed === undefined || parsed.host !== undefined) return undefined
  return { path: parsed.repository, tag: parsed.tag, qualified }
}
