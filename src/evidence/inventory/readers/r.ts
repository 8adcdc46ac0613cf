import type { Reader } from "../item.ts"
import { fieldsOf, onePackage, said } from "./fields.ts"
import { withoutLogin } from "./login.ts"

/**
 * R's packages: a folder with a `DESCRIPTION` in a library, a user's own library (`R/x86_64-pc-linux-gnu-library/4.2`), or renv's
 * cache, to which its libraries have links; one that is installed says when it was built.
 */
export const r: Reader = {
  wants: (path) =>
    /(?:^|\/)(?:[\w.-]*library(?:\/\d+\.\d+)?|R\/[^/]+|renv\/cache\/.{1,200}\/[0-9a-f]{32})\/[A-Za-z][A-Za-z0-9.]*\/DESCRIPTION$/.test(
      path,
    ),
  read(_, content) {
    const fields = fieldsOf(content.toString("utf8"))
    if (!fields.has("built")) return []
    return onePackage("cran", said(fields.get("package")), said(fields.get("version")), {
      licence: said(fields.get("license")),
      origin: remoteOf(fields) ?? said(fields.get("repository")),
      packaged: said(fields.get("packaged")),
    })
  },
}

/** Where `remotes` and its like had it from: `github user/repo@COMMIT`. https://remotes.r-lib.org */
function remoteOf(fields: ReadonlyMap<string, string>): string | undefined {
  const [type, user, repository, url, commit] = ["type", "username", "repo", "url", "sha"].map((name) =>
    said(fields.get(`remote${name}`)),
  )
  if (type === undefined || type === "standard") return undefined
  const of = url ?? [user, repository].filter((part) => part !== undefined).join("/")
  return `${type} ${withoutLogin(of)}${commit === undefined ? "" : `@${commit}`}`.replaceAll(/\s+/g, " ")
}
