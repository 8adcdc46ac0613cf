import type { Reader } from "../item.ts"
import { onePackage, said } from "./fields.ts"
import { jsonObject, textIn } from "./json.ts"
import { withoutLogin } from "./login.ts"

/**
 * Packages in `node_modules`, those of JupyterLab's staging area and of kernels too, and where Debian's Node looks for Debian's:
 * https://salsa.debian.org/js-team/pkg-js-tools/-/wikis/home
 */
export const npm: Reader = {
  wants: (path) =>
    /(?:(?:^|\/)node_modules|^usr\/(?:share|lib|lib\/[^/]+-linux-[^/]+)\/nodejs)\/(?:@[^/]+\/)?[^/@.][^/]*\/package\.json$/.test(
      path,
    ),
  read(_, content) {
    const record = jsonObject(content) ?? {}
    const licence = said(textIn(record["license"]))
    // npm 6 wrote it there; npm 7 and later into a list beside, which is a note.
    const resolved = textIn(record["_resolved"])
    return onePackage("npm", textIn(record["name"]), textIn(record["version"]), {
      licence,
      url: resolved === undefined ? undefined : withoutLogin(resolved),
    })
  },
}
