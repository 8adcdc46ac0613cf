import { extname, join } from "node:path"

/**
 * Where the program's own files are. This file is in `src`, and when the program is made into few files it is in one of
 * `dist`: what else there is, is found from here in the same way.
 */
export const programFolder: string = join(import.meta.dirname, "..")

/**
 * The address of a thread's first file.
 *
 * @param path From `src`, without its ending: `packages/segment/worker/layer.worker`.
 */
export function threadFile(path: string): URL {
  return new URL(`./${path}${extname(import.meta.filename)}`, import.meta.url)
}
