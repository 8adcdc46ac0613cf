import type { Reader } from "../item.ts"
import { fieldsOf, onePackage, said } from "./fields.ts"

/** R's packages: a folder with a `DESCRIPTION` in a library; one that is installed says when it was built. */
export const r: Reader = {
  wants: (path) => /(?:^|\/)(?:[\w.-]*library|R\/[^/]+)\/[A-Za-z][A-Za-z0-9.]*\/DESCRIPTION$/.test(path),
  read(_, content) {
    const fields = fieldsOf(content.toString("utf8"))
    if (!fields.has("built")) return []
    return onePackage("cran", said(fields.get("package")), said(fields.get("version")), {
      licence: said(fields.get("license")),
      origin: said(fields.get("repository")),
    })
  },
}
