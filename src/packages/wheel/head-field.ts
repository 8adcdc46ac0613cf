/** Names and versions are far shorter; patterns that look at them need time for each character, or its square. */
const longestValue = 1000

const lineEnd = /\r\n|\r|\n/g

/**
 * The first value of a field in the head of an RFC 822 text such as METADATA, without blanks around it; folded lines are
 * one. As pip and uv read it, the head ends at the first line that is no field: at a blank one, or one that begins with
 * a byte order mark. Of a value that is too long this is what it begins with, and that it goes on.
 */
export function headField(text: string, name: string): string | undefined {
  let found: string | undefined
  for (const line of lines(text)) {
    if (/^[ \t]/.test(line)) {
      if (found !== undefined && found.length <= longestValue) found += line
      continue
    }
    if (found !== undefined) break
    const [, field] = /^([!-9;-~]+):/.exec(line) ?? []
    if (field === undefined) break
    if (field.toLowerCase() === name.toLowerCase()) found = line.slice(field.length + 1)
  }
  if (found !== undefined && found.length > longestValue) return `${found.slice(0, longestValue).trimStart()}…`
  return found?.replace(/^[ \t]+|[ \t]+$/g, "")
}

function* lines(text: string): Iterable<string> {
  let at = 0
  for (const { 0: end, index } of text.matchAll(lineEnd)) {
    yield text.slice(at, index)
    at = index + end.length
  }
  yield text.slice(at)
}
