import type { Reader } from "../item.ts"
import { onePackage, said } from "./fields.ts"
import { jsonObject, textIn } from "./json.ts"

/** Packages in `node_modules`, those of JupyterLab's staging area and of kernels too. */
export const npm: Reader = {
  wants: (path) => /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/@.][^/]*\/package\.json$/.test(path),
  read(_, content) {
    const record = jsonObject(content) ?? {}
    const licence = said(textIn(record["license"]))
    return onePackage("npm", textIn(record["name"]), textIn(record["version"]), { licence })
  },
}
