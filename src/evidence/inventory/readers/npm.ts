import type { Reader } from "../item.ts"
import { onePackage, said } from "./fields.ts"
import { jsonObject, textIn } from "./json.ts"

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
    return onePackage("npm", textIn(record["name"]), textIn(record["version"]), { licence })
  },
}
