/** Labels that people ask for, without their long beginning. https://github.com/opencontainers/image-spec/blob/main/annotations.md */
const known = ["title", "version", "revision", "source", "created", "licenses", "vendor", "authors", "description"]
const standard = "org.opencontainers.image."
/** So many are shown, each of so many columns at most. */
const [most, widest] = [4, 48]

/** A few labels of an image on one line, those that all images share the meaning of first; nothing where there are none. */
export function labelWords(labels: Readonly<Record<string, string>>): string {
  const rank = (name: string): number => {
    const at = name.startsWith(standard) ? known.indexOf(name.slice(standard.length)) : -1
    return at === -1 ? known.length : at
  }
  const all = Object.entries(labels).sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
  const shown = all.slice(0, most).map(([name, value]) => {
    const word = `${name.startsWith(standard) ? name.slice(standard.length) : name}=${value.replaceAll(/\s+/g, " ")}`
    return word.length <= widest ? word : `${word.slice(0, widest - 1)}…`
  })
  return [...shown, ...(all.length > most ? [`${all.length - most} more in --json`] : [])].join(", ")
}
