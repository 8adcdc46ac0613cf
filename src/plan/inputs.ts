import { canonicalJson } from "../oci/canonical-json.ts"
import { digestOf, partsOf } from "../oci/digest.ts"
import type { Tree } from "../tree/tree.ts"
import type { Keyed, Slot } from "./key.ts"

/**
 * The hash of everything in the files that decides what a plan does: keys, checks, names, tags and rules of
 * publishing. Not the folder, so that a plan can be run on another machine. 64 hexadecimal digits.
 */
export function inputsOf(tree: Tree, keys: ReadonlyMap<Slot, Keyed>): string {
  const value = {
    version: 1,
    registry: tree.registry,
    state: tree.state,
    tags: tree.tags,
    tagging: tree.tagging,
    skipped: tree.skipped,
    keys: [...keys].map(([slot, { key }]) => [slot, key]),
    images: tree.images.map(({ id, repository, prefix, checks, publish }) => ({
      id,
      repository,
      prefix,
      checks,
      publish,
    })),
  }
  return partsOf(digestOf(canonicalJson(value))).hex
}
