/** Where Debian's packages say under which licences they are. */
export function isCopyright(path: string): boolean {
  return /^usr\/share\/doc\/[^/]+\/copyright$/.test(path)
}

/**
 * The licences of a copyright file that can be read by a program, joined by `AND`; undefined for one that is written for people
 * alone. https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
 */
export function licencesOf(content: Buffer): string | undefined {
  const text = content.toString("utf8")
  if (!/^Format:.*copyright-format/im.test(text.slice(0, 2000))) return undefined
  const found = new Set<string>()
  for (const [, written = ""] of text.matchAll(/^License:[ \t]*(\S.*)$/gim)) {
    const expression = expressionOf(written.trim())
    if (expression !== undefined) found.add(expression)
  }
  return found.size === 0 ? undefined : [...found].sort().join(" AND ").slice(0, 2000)
}

/** Debian's short names as SPDX has them; `a, and b or c` has Debian's own binding, so only plain lists are read. */
function expressionOf(written: string): string | undefined {
  const parts = written.split(/\s*,?\s+(and|or)\s+/i)
  if (parts.length > 5 || new Set(parts.filter((_, at) => at % 2 === 1).map((one) => one.toLowerCase())).size > 1)
    return undefined
  const names = parts.filter((_, at) => at % 2 === 0).map((name) => spdxName(name))
  if (names.some((name) => name === undefined)) return undefined
  const word = parts[1]?.toUpperCase()
  return names.length === 1 ? names[0] : `(${names.join(` ${word ?? "AND"} `)})`
}

const renamed: Readonly<Record<string, string>> = {
  expat: "MIT",
  "bsd-2-clause": "BSD-2-Clause",
  "bsd-3-clause": "BSD-3-Clause",
  "bsd-4-clause": "BSD-4-Clause",
  artistic: "Artistic-1.0-Perl",
  "artistic-2": "Artistic-2.0",
  "apache-2": "Apache-2.0",
  "apache-2.0": "Apache-2.0",
  isc: "ISC",
  zlib: "Zlib",
  "mpl-1.1": "MPL-1.1",
  "mpl-2.0": "MPL-2.0",
  "psf-2": "PSF-2.0",
  "cc0-1.0": "CC0-1.0",
  unlicense: "Unlicense",
}

function spdxName(name: string): string | undefined {
  const known = renamed[name.toLowerCase()]
  if (known !== undefined) return known
  const gnu = /^(A?GPL|LGPL|GFDL)-?(\d)(?:\.(\d))?(\+?)$/i.exec(name)
  if (gnu === null) return undefined
  const [, family = "", major = "", minor = "0", plus] = gnu
  return `${family.toUpperCase()}-${major}.${minor}-${plus === "+" ? "or-later" : "only"}`
}
