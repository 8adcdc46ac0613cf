import { posix } from "node:path"
import type { Merged } from "../../oci/merged.ts"

/** The path without a leading slash, links of the parent on the way to it followed. */
export function placeOf(path: string, merged: Merged): string {
  const plain = posix.normalize(path).replace(/^\/+|\/+$/g, "")
  const names = plain.split("/")
  for (let count = names.length - 1; count > 0; count--) {
    const folder = merged.resolve(names.slice(0, count).join("/"))
    if (folder?.kind === "directory")
      return [folder.path, ...names.slice(count)].filter((part) => part !== "").join("/")
  }
  return plain
}
