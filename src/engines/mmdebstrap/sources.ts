/** One entry of apt's sources. https://manpages.debian.org/sources.list.5 */
export type AptSource = {
  readonly uris: readonly string[]
  readonly suites: readonly string[]
  readonly components: readonly string[]
  /** Other fields by their deb822 names, values as written: `Signed-By`, `Trusted`, `Architectures`. */
  readonly options: Readonly<Record<string, string>>
}

/** Binary package sources of a file in the deb822 style (`*.sources`); disabled and source-only stanzas are left out. */
export function parseDeb822(text: string): readonly AptSource[] {
  const withoutComments = text
    .split(/\r?\n/)
    .filter((line) => !line.startsWith("#"))
    .join("\n")
  return withoutComments.split(/\n(?:[ \t]*\n)+/).flatMap((stanza) => {
    const fields = fieldsOf(stanza)
    const enabled = !/^(?:no|false|0|off|without|disable)$/i.test(fields.get("enabled")?.value.trim() ?? "yes")
    if (!enabled || !wordsOf(fields.get("types")?.value).includes("deb")) return []
    const taken = new Set(["enabled", "types", "uris", "suites", "components"])
    return [
      {
        uris: wordsOf(fields.get("uris")?.value),
        suites: wordsOf(fields.get("suites")?.value),
        components: wordsOf(fields.get("components")?.value),
        options: Object.fromEntries(
          [...fields].filter(([key]) => !taken.has(key)).map(([, { name, value }]) => [name, value]),
        ),
      },
    ]
  })
}

function fieldsOf(stanza: string): ReadonlyMap<string, { readonly name: string; readonly value: string }> {
  const fields = new Map<string, { name: string; value: string }>()
  let last: { name: string; value: string } | undefined
  for (const line of stanza.split("\n")) {
    const match = /^([^\s:]+):[ \t]*(.*)$/.exec(line)
    if (match !== null) {
      last = { name: match[1] ?? "", value: match[2] ?? "" }
      fields.set(last.name.toLowerCase(), last)
    } else if (last !== undefined && /^[ \t]/.test(line)) last.value += `\n${line}`
  }
  return fields
}

function wordsOf(value: string | undefined): readonly string[] {
  return (value ?? "").split(/\s+/).filter((word) => word !== "")
}

const optionNames: Readonly<Record<string, string>> = {
  arch: "Architectures",
  lang: "Languages",
  target: "Targets",
  pdiffs: "PDiffs",
  "by-hash": "By-Hash",
  "allow-insecure": "Allow-Insecure",
  "allow-weak": "Allow-Weak",
  "allow-downgrade-to-insecure": "Allow-Downgrade-To-Insecure",
  trusted: "Trusted",
  "signed-by": "Signed-By",
  "check-valid-until": "Check-Valid-Until",
  "valid-until-min": "Valid-Until-Min",
  "valid-until-max": "Valid-Until-Max",
  "check-date": "Check-Date",
  "date-max-future": "Date-Max-Future",
  inrelease_path: "InRelease-Path",
}

/** Binary package sources of a file in the one-line style (`*.list`). */
export function parseOneLine(text: string): readonly AptSource[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)([^#]*)/.exec(line)
    if (match === null) return []
    const options = wordsOf(match[1]).flatMap((word) => {
      const option = /^([a-z_-]+)=(.*)$/i.exec(word)
      const name = optionNames[option?.[1]?.toLowerCase() ?? ""]
      return name === undefined ? [] : [[name, (option?.[2] ?? "").replaceAll(",", " ")] as const]
    })
    return [
      {
        uris: [match[2] ?? ""],
        suites: [match[3] ?? ""],
        components: wordsOf(match[4]),
        options: Object.fromEntries(options),
      },
    ]
  })
}

/**
 * What sources say about one suite on one architecture: the suite itself and those that go with it, such as
 * `bookworm-security` or `buster/updates` beside `bookworm`. Sources for other suites are left out.
 */
export function sourcesOf(sources: readonly AptSource[], suite: string, architecture: string): readonly AptSource[] {
  return sources.flatMap((source) => {
    const suites = source.suites.filter(
      (one) => one === suite || one.startsWith(`${suite}-`) || one.startsWith(`${suite}/`),
    )
    const architectures = wordsOf(source.options["Architectures"])
    const fits = architectures.length === 0 || architectures.includes(architecture)
    return suites.length === 0 || !fits ? [] : [{ ...source, suites }]
  })
}

/** Sources as a deb822 file. */
export function renderSources(sources: readonly AptSource[]): string {
  return sources
    .map(({ uris, suites, components, options }) => {
      const fields = [
        ["Types", "deb"],
        ["URIs", uris.join(" ")],
        ["Suites", suites.join(" ")],
        ...(components.length === 0 ? [] : [["Components", components.join(" ")] as const]),
        ...Object.entries(options),
      ]
      return fields.map(([name, value]) => `${name}: ${value}\n`).join("")
    })
    .join("\n")
}

/** The sources without the credentials that a URI may carry: what may be seen in an image. */
export function withoutCredentials(sources: readonly AptSource[]): readonly AptSource[] {
  return sources.map((source) => ({
    ...source,
    uris: source.uris.map((uri) => uri.replace(/^([a-z+.-]+:\/\/)[^/@]*@/i, "$1")),
  }))
}

/** Paths of the keyrings that sources name; keys that are written out in place are none. */
export function keyringsOf(sources: readonly AptSource[]): readonly string[] {
  const paths = sources.flatMap(({ options }) => {
    const value = options["Signed-By"] ?? ""
    return value.includes("-----BEGIN") ? [] : value.split(/[\s,]+/).filter((word) => word.startsWith("/"))
  })
  return [...new Set(paths)].sort()
}
