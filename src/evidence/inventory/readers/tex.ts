import type { Item, Reader } from "../item.ts"

/** TeX Live's own database; packages of a distribution's TeX are the distribution's. */
export const tex: Reader = {
  wants: (path) => /(?:^|\/)tlpkg\/texlive\.tlpdb$/.test(path),
  read(_, content) {
    const found: Item[] = []
    for (const paragraph of content.toString("utf8").split("\n\n")) {
      const name = /^name (\S+)$/m.exec(paragraph)?.[1]
      const revision = /^revision (\d+)$/m.exec(paragraph)?.[1]
      // Names such as `00texlive.config` are about the installation itself, `a.x86_64-linux` are parts of `a`.
      if (name === undefined || revision === undefined || name.includes(".")) continue
      const version = /^catalogue-version (\S+)/m.exec(paragraph)?.[1] ?? `r${revision}`
      const licence = /^catalogue-license (.+)$/m.exec(paragraph)?.[1]
      found.push({
        kind: "package",
        ecosystem: "tex",
        name,
        version,
        ...(licence === undefined ? {} : { licence }),
      })
    }
    return found
  },
}
