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
function sealOf(path: string, content: string | Uint8Array): string {
  return createHash("sha256")
    .update(`${basename(path)}\n`)
    .update(content)
    .digest("hex")
}

/**
 * A text of the cache as `writeKept` wrote it; undefined if it is not there or not whole, which is the same for who made it once. It is
 * used now: who clears the cache goes by what was used last.
 */
export async function readKept(
  { files }: { readonly files: Pick<Files, "readText" | "touch"> },
  path: string,
): Promise<string | undefined> {
  const text = unsealed(path, await files.readText(path).catch(() => ""))
  if (text !== undefined) await markUsed(files, path)
  return text
}

/** The same for what need not be text. */
export async function readKeptBytes(
  { files }: { readonly files: Pick<Files, "read" | "touch"> },
  path: string,
): Promise<Uint8Array | undefined> {
  const whole = Buffer.from(await files.read(path).catch(() => Buffer.alloc(0)))
  const newline = whole.indexOf(0x0a)
  const bytes = whole.subarray(newline + 1)
  if (newline === -1 || whole.toString("latin1", 0, newline) !== sealOf(path, bytes)) return undefined
  await markUsed(files, path)
  return bytes
}

async function markUsed(files: Pick<Files, "touch">, path: string): Promise<void> {
  // Another process may have cleared it by now, or it may belong to somebody else.
  await files.touch(path).catch(() => undefined)
}

/** Keeps a text or bytes in the cache. Nobody waits for the disk: what is lost is made again. */
export async function writeKept(
  { files }: { readonly files: Pick<Files, "write"> },
  path: string,
  content: string | Uint8Array,
): Promise<void> {
  const whole =
    typeof content === "string"
      ? sealed(path, content)
      : Buffer.concat([Buffer.from(`${sealOf(path, content)}\n`), content])
  await files.write(path, whole, { flush: false })
}
