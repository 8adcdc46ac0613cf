import type { Item, Reader } from "../item.ts"
import { fieldsOf, given, said } from "./fields.ts"

/** dpkg's database, and the folder of single paragraphs that images without dpkg have. */
export const debian: Reader = {
  wants: (path) =>
    path === "var/lib/dpkg/status" ||
    (path.startsWith("var/lib/dpkg/status.d/") && !/\/[^/]*(?:\.md5sums$|\/.*\/)/.test(path.slice(12))),
  read(_, content) {
    const found: Item[] = []
    for (const paragraph of paragraphsOf(content.toString("utf8"))) {
      const fields = fieldsOf(paragraph)
      const [name, version] = [fields.get("package"), fields.get("version")]
      // A package that was removed keeps a paragraph while it has configuration files.
      const isInstalled = (fields.get("status") ?? "install ok installed").endsWith(" installed")
      if (name === undefined || version === undefined || !isInstalled) continue
      const source = said(fields.get("source"))
      found.push({
        kind: "package",
        ecosystem: "deb",
        name,
        version,
        ...given({ architecture: said(fields.get("architecture")), origin: source }),
      })
    }
    return found
  },
}

/** Paragraphs stand between empty lines. */
function* paragraphsOf(text: string): Iterable<string> {
  for (let at = 0; at < text.length;) {
    const end = text.indexOf("\n\n", at)
    yield text.slice(at, end === -1 ? text.length : end)
    at = end === -1 ? text.length : end + 2
  }
}
