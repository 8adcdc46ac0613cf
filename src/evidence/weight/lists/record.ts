/**
 * The first column of a RECORD: a file with commas, of paths that may be in quotation marks, in which one is
 * written twice. What is malformed is left out.
 */
export function recordPaths(text: string): readonly string[] {
  const found: string[] = []
  for (const line of text.split(/\r?\n/)) {
    const quoted = line.startsWith('"') ? /^"((?:[^"]|"")*)"(?:,|$)/.exec(line)?.[1]?.replaceAll('""', '"') : undefined
    const path = line.startsWith('"') ? quoted : line.split(",", 1)[0]
    if (path !== undefined && path !== "") found.push(path)
  }
  return found
}
