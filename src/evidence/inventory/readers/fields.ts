import type { Ecosystem, Package } from "../item.ts"

/**
 * Fields of a paragraph as Debian, Alpine's relatives, Python and R write them: `Name: value`, and lines that go on begin with
 * a space or a tab. A name that comes again is in `get` as it came first. Ends at an empty line or at the end.
 * RFC 822, and https://www.debian.org/doc/debian-policy/ch-controlfields.html
 */
export function fieldsOf(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  let name: string | undefined
  for (const line of text.split("\n")) {
    if (line === "" || line === "\r") {
      if (fields.size > 0) break
      continue
    }
    if (/^[ \t]/.test(line)) {
      if (name !== undefined) fields.set(name, `${fields.get(name) ?? ""}\n${line.trim()}`)
      continue
    }
    const colon = line.indexOf(":")
    name = undefined
    if (colon < 1) continue
    const written = line.slice(0, colon).trim().toLowerCase()
    if (fields.has(written)) continue
    name = written
    fields.set(written, line.slice(colon + 1).trim())
  }
  return fields
}

/** A value that is there and says something, on one line. */
export function said(value: string | undefined): string | undefined {
  const line = value?.replaceAll(/\s+/g, " ").trim()
  return line === undefined || line === "" || /^(?:unknown|none|n\/a)$/i.test(line) ? undefined : line.slice(0, 400)
}

/** An object of only those entries that have a value. */
export function given<T extends object>(values: { readonly [K in keyof T]: T[K] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>
}

/** What a file of one package says; nothing where it lacks a name or a version. */
export function onePackage(
  ecosystem: Ecosystem,
  name: string | undefined,
  version: string | undefined,
  more: { readonly [K in keyof PackageNotes]: PackageNotes[K] | undefined } = {},
): readonly Package[] {
  if (name === undefined || version === undefined) return []
  return [{ kind: "package", ecosystem, name, version, ...given(more) }]
}

type PackageNotes = Omit<Package, "kind" | "ecosystem" | "name" | "version">
