import type { Item, Reader } from "../item.ts"
import { given, said } from "./fields.ts"

/**
 * apk's database: a letter, a colon and a value in each line, packages between empty lines.
 * https://wiki.alpinelinux.org/wiki/Apk_spec
 */
export const alpine: Reader = {
  wants: (path) => path === "lib/apk/db/installed" || path === "usr/lib/apk/db/installed",
  read(_, content) {
    const found: Item[] = []
    let fields = new Map<string, string>()
    const end = (): void => {
      const [name, version] = [fields.get("P"), fields.get("V")]
      if (name !== undefined && version !== undefined)
        found.push({
          kind: "package",
          ecosystem: "apk",
          name,
          version,
          ...given({
            architecture: said(fields.get("A")),
            licence: said(fields.get("L")),
            origin: said(fields.get("o")),
          }),
        })
      fields = new Map()
    }
    for (const line of content.toString("utf8").split("\n")) {
      if (line === "") end()
      // Lines of folders and files come after those of the package.
      else if (line[1] === ":" && !fields.has(line.slice(0, 1))) fields.set(line.slice(0, 1), line.slice(2))
    }
    end()
    return found
  },
}
