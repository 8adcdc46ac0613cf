/** Sections of an INI file as Python's configparser reads it: `key = value` or `key: value`, indented lines go on. Keys in lower case. */
export function parseIni(text: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>()
  let section: Map<string, string> | undefined
  let key: string | undefined
  for (const line of text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/)) {
    if (/^\s*[#;]/.test(line)) continue
    const heading = /^\[([^\]]+)\]/.exec(line)
    if (heading !== null) {
      const name = heading[1] as string
      section = sections.get(name) ?? new Map<string, string>()
      sections.set(name, section)
      key = undefined
    } else if (/^\s/.test(line)) {
      if (key !== undefined && line.trim() !== "") section?.set(key, `${section.get(key) ?? ""}\n${line.trim()}`)
    } else {
      const pair = /^([^=:]+?)\s*[=:]\s*(.*?)\s*$/.exec(line)
      if (pair === null) continue
      key = (pair[1] as string).toLowerCase()
      section?.set(key, pair[2] as string)
    }
  }
  return sections
}
