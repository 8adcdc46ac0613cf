import { hash } from "node:crypto"
import { shown, type Refuse } from "./refusal.ts"

/** A row of RECORD: a path relative to site-packages, a hash such as `sha256=…` (or nothing), a size (or nothing). */
export type RecordRow = { readonly path: string; readonly hash: string; readonly size: string }

/** More rows than any RECORD that can be used, and more fields than any row of one. */
const mostRows = 500_000
const mostFields = 16

/**
 * Reads RECORD: CSV as Python's csv module writes it. Fails with one sentence on a row of another form, and on more than
 * `most` rows, before they take memory.
 * https://packaging.python.org/en/latest/specifications/recording-installed-packages/
 */
export function parseRecord(text: string, refuse: Refuse, most: number = mostRows): RecordRow[] {
  const rows: RecordRow[] = []
  let fields: string[] = []
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0
  while (at < text.length) {
    let value: string
    if (text[at] === '"') {
      const end = closingQuote(text, at)
      if (end === -1) throw refuse("its RECORD has a quote that does not end")
      value = text.slice(at + 1, end).replaceAll('""', '"')
      at = end + 1
    } else {
      const start = at
      while (at < text.length && !",\r\n".includes(text[at] as string)) at++
      value = text.slice(start, at)
    }
    fields.push(value)
    if (fields.length > mostFields) throw tooManyFields(fields, refuse)
    if (text[at] === ",") {
      at++
      if (at < text.length && !"\r\n".includes(text[at] as string)) continue
      fields.push("")
    } else if (at < text.length && !"\r\n".includes(text[at] as string)) {
      throw refuse("its RECORD is no CSV file")
    }
    while (at < text.length && "\r\n".includes(text[at] as string)) at++
    pushRow(rows, fields, refuse)
    if (rows.length > most) throw refuse(`its RECORD has more than ${most} rows`)
    fields = []
  }
  return rows
}

function pushRow(rows: RecordRow[], fields: readonly string[], refuse: Refuse): void {
  const [path = "", digest = "", size = "", ...more] = fields
  if (fields.length === 1 && path === "") return
  if (more.some((field) => field !== "")) throw tooManyFields(fields, refuse)
  rows.push({ path, hash: digest, size })
}

function tooManyFields([path = ""]: readonly string[], refuse: Refuse): Error {
  return refuse(`its RECORD has a row with too many fields: ${shown(path)}`)
}

function closingQuote(text: string, open: number): number {
  for (let at = open + 1; ; at++) {
    at = text.indexOf('"', at)
    if (at === -1) return -1
    if (text[at + 1] !== '"') return at
    at++
  }
}

/** RECORD as text: sorted by path, lines ended by a newline, quoted where CSV needs it. */
export function formatRecord(rows: readonly RecordRow[]): string {
  return [...rows]
    .sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
    .map((row) => `${quoted(row.path)},${row.hash},${row.size}\n`)
    .join("")
}

function quoted(path: string): string {
  return /[",\r\n]/.test(path) ? `"${path.replaceAll('"', '""')}"` : path
}

/** A row for bytes that we wrote ourselves. */
export function rowFor(path: string, content: Uint8Array): RecordRow {
  return { path, hash: `sha256=${hash("sha256", content, "base64url")}`, size: String(content.length) }
}

/** A hash that RECORD promises: algorithm and digest, or undefined where it is none that counts (MD5, SHA-1, nothing). */
export function promisedHash(row: RecordRow): { readonly algorithm: string; readonly digest: string } | undefined {
  const match = /^(sha256|sha384|sha512)=([A-Za-z0-9_-]+)=*$/.exec(row.hash)
  return match === null ? undefined : { algorithm: match[1] as string, digest: match[2] as string }
}

/** Compares a whole file with its row. Fails when there is no row, no hash that counts, or another size or hash. */
export function checkRow(
  row: RecordRow | undefined,
  file: { path: string; content: Uint8Array },
  refuse: Refuse,
): void {
  const promise = row === undefined ? undefined : promisedHash(row)
  if (row === undefined || promise === undefined) throw refuse(`its RECORD has no SHA-256 hash for ${shown(file.path)}`)
  if (row.size !== "" && row.size !== String(file.content.length))
    throw refuse(`its member ${shown(file.path)} has another size than its RECORD says`)
  if (hash(promise.algorithm, file.content, "base64url") !== promise.digest)
    throw refuse(`its member ${shown(file.path)} does not match its RECORD`)
}
