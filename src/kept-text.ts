import { createHash } from "node:crypto"
import { basename } from "node:path"
import type { Files } from "./host/files.ts"

/**
 * A text behind a line with the SHA-256 of its file's name and of itself: what a power cut or a bad disk leaves of it does
 * not match that, nor does one that is found under the name of another.
 */
export function sealed(path: string, text: string): string {
  return `${sealOf(path, text)}\n${text}`
}

/** The text of what `sealed` made for this path; undefined if it is not whole. */
export function unsealed(path: string, whole: string): string | undefined {
  const newline = whole.indexOf("\n")
  const text = whole.slice(newline + 1)
  return newline === -1 || whole.slice(0, newline) !== sealOf(path, text) ? undefined : text
}

/** The SHA-256 of a file's name and what is in it, in hexadecimal. */
export function sealOf(path: string, content: string | Uint8Array): string {
  return createHash("sha256")
    .update(`${basename(path)}\n`)
    .update(content)
    .digest("hex")
}

type KeptFiles = { readonly files: Pick<Files, "readText" | "touch"> }

/**
 * A text of the cache as `writeKept` wrote it; undefined if it is not there or not whole, which is the same for who made it once. It is
 * used now: who clears the cache goes by what was used last.
 */
export async function readKept({ files }: KeptFiles, path: string): Promise<string | undefined> {
  const text = unsealed(path, await files.readText(path).catch(() => ""))
  // Another process may have cleared it by now, or it may belong to somebody else.
  if (text !== undefined) await files.touch(path).catch(() => undefined)
  return text
}

/** Keeps a text in the cache. Nobody waits for the disk: what is lost is made again. */
export async function writeKept(
  { files }: { readonly files: Pick<Files, "write"> },
  path: string,
  text: string,
): Promise<void> {
  await files.write(path, sealed(path, text), { flush: false })
}
