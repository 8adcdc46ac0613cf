/**
 * JSON with sorted keys and no white space: the same value gives the same text everywhere. Object fields that are
 * `undefined` are left out. Keys are sorted by UTF-16 code units, as RFC 8785 says; numbers are as JavaScript
 * writes them, which is what that RFC asks for.
 */
export function canonicalJson(value: unknown): string {
  if (value === undefined) throw new TypeError("undefined has no JSON")
  if (typeof value === "number" && !Number.isFinite(value)) throw new TypeError(`${value} has no JSON`)
  if (value === null || typeof value !== "object") return JSON.stringify(value)
  return Array.isArray(value) ? listText(value) : objectText(value as Readonly<Record<string, unknown>>)
}

// One text that grows, and no list in between: keys of a thousand rows are made of this, and garbage is what takes time.

function listText(list: readonly unknown[]): string {
  let text = "["
  for (const item of list) text += text === "[" ? canonicalJson(item) : `,${canonicalJson(item)}`
  return `${text}]`
}

function objectText(value: Readonly<Record<string, unknown>>): string {
  let text = "{"
  for (const name of Object.keys(value).sort()) {
    const field = value[name]
    if (field === undefined) continue
    text += `${text === "{" ? "" : ","}${JSON.stringify(name)}:${canonicalJson(field)}`
  }
  return `${text}}`
}
