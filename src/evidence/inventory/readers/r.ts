import type { Item, Reader } from "../item.ts"
import { fieldsOf, given, said } from "./fields.ts"

/** R's packages: a folder with a `DESCRIPTION` in a library; one that is installed says when it was built. */
export const r: Reader = {
  wants: (path) => /(?:^|\/)(?:[\w.-]*library|R\/[^/]+)\/[A-Za-z][A-Za-z0-9.]*\/DESCRIPTION$/.test(path),
  read(_, content) {
    const fields = fieldsOf(content.toString("utf8"))
    const [name, version] = [said(fields.get("package")), said(fields.get("version"))]
    if (name === undefined || version === undefined || !fields.has("built")) return []
    const found: Item = {
      kind: "package",
      ecosystem: "cran",
      name,
      version,
      ...given({ licence: said(fields.get("license")), origin: said(fields.get("repository")) }),
    }
    return [found]
  },
}
