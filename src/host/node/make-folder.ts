import * as fs from "node:fs"
import { dirname } from "node:path"

/**
 * Makes a folder and those above it. Node's own way never ends where a folder is there and yet nothing can be made in
 * it, as in /proc. What another process removes meanwhile is made again, a few times.
 */
export function makeFolder(path: string, attempts = 4): void {
  try {
    fs.mkdirSync(path)
  } catch (error) {
    if (
      error instanceof Error &&
      "code" in error &&
      error.code === "ENOENT" &&
      attempts > 0 &&
      dirname(path) !== path
    ) {
      makeFolder(dirname(path), attempts)
      makeFolder(path, attempts - 1)
    } else if (!isFolder(path)) throw error
  }
}

function isFolder(path: string): boolean {
  try {
    return fs.statSync(path).isDirectory()
  } catch {
    return false
  }
}
