import type { Item, Reader } from "../item.ts"
import { given, said } from "./fields.ts"
import { jsonObject, textIn } from "./json.ts"

/** Packages in `node_modules`, those of JupyterLab's staging area and of kernels too. */
export const npm: Reader = {
  wants: (path) => /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/@.][^/]*\/package\.json$/.test(path),
  read(_, content) {
    const record = jsonObject(content)
    const [name, version] = [textIn(record?.["name"]), textIn(record?.["version"])]
    if (record === undefined || name === undefined || version === undefined) return []
    const found: Item = {
      kind: "package",
      ecosystem: "npm",
      name,
      version,
      ...given({ licence: said(textIn(record["license"])) }),
    }
    return [found]
  },
}
