/**
 * JSON with sorted keys and no white space: the same value gives the same text everywhere. Object fields that are
 * `undefined` are left out. Keys are sorted by UTF-16 code units, as RFC 8785 says; numbers are as JavaScript
 * writes them, which is what that RFC asks for.
 */
export function canonicalJson(value: unknown): string {
  if (value === undefined) throw new TypeError("undefined has no JSON")
  if (typeof value === "number" && !Number.isFinite(value)) throw new TypeError(`${value} has no JSON`)
  if (value === null || typeof value !== "object") return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field)}`)
  return `{${fields.join(",")}}`
}
