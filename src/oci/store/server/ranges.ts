/** What a request asks of a body: all of it, a part (both ends included), or what there is not. */
export type Ranged = "whole" | "unsatisfiable" | readonly [number, number]

/**
 * Reads a `Range` header for a body of so many bytes. Several ranges, or a header that is malformed, ask for all of
 * it; a range that ends before it begins is refused. RFC 9110, 14.2 allows both.
 */
export function readRange(header: string | undefined, size: number): Ranged {
  const found = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? "")
  const [, from = "", to = ""] = found ?? []
  if (found === null || (from === "" && to === "")) return "whole"
  if (from === "") {
    const count = Math.min(Number(to), size)
    return count === 0 ? "unsatisfiable" : [size - count, size - 1]
  }
  const [first, last] = [Number(from), to === "" ? size - 1 : Math.min(Number(to), size - 1)]
  return first >= size || last < first ? "unsatisfiable" : [first, last]
}

/** Reads the `Content-Range` of an upload, `FIRST-LAST`, with or without `bytes ` before it; undefined when malformed. */
export function readContentRange(header: string): readonly [number, number] | undefined {
  const found = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/.exec(header.trim())
  if (found === null) return undefined
  const [first, last] = [Number(found[1]), Number(found[2])]
  return last + 1 < first ? undefined : [first, last]
}
