import type { Item, Reader } from "../item.ts"
import { given } from "./fields.ts"
import { jsonObject, textIn } from "./json.ts"

/** Kernels: https://jupyter-client.readthedocs.io/en/stable/kernels.html#kernel-specs */
export const kernels: Reader = {
  wants: (path) =>
    /(?:^|\/)(?:share\/jupyter|Jupyter|\.local\/share\/jupyter)\/kernels\/[^/]+\/kernel\.json$/.test(path),
  read(path, content) {
    const record = jsonObject(content)
    if (record === undefined) return []
    const argv = Array.isArray(record["argv"]) ? record["argv"].filter((one) => typeof one === "string") : []
    // Jupyter takes the folder's name, in small letters.
    const name = (path.split("/").at(-2) ?? "").toLowerCase()
    const found: Item = {
      kind: "kernel",
      name,
      display: textIn(record["display_name"]) ?? name,
      language: textIn(record["language"]) ?? "",
      argv: argv.slice(0, 50).map((one) => one.slice(0, 400)),
    }
    return [found]
  },
}

/** Prebuilt extensions of JupyterLab, each with a `package.json`. */
export const labExtensions: Reader = {
  wants: (path) => /(?:^|\/)share\/jupyter\/labextensions\/(?:@[^/]+\/)?[^/@]+\/package\.json$/.test(path),
  read(_, content) {
    const record = jsonObject(content)
    const name = textIn(record?.["name"])
    if (name === undefined) return []
    const found: Item = { kind: "labextension", name, ...given({ version: textIn(record?.["version"]) }) }
    return [found]
  },
}

/** Extensions of Jupyter Server that a file in `jupyter_server_config.d` switches on or off. */
export const serverExtensions: Reader = {
  wants: (path) => /(?:^|\/)etc\/jupyter\/jupyter_(?:server|notebook)_config\.d\/[^/]+\.json$/.test(path),
  read(_, content) {
    const record = jsonObject(content)
    const app = record?.["ServerApp"] ?? record?.["NotebookApp"]
    if (typeof app !== "object" || app === null) return []
    const listed: unknown =
      (app as Record<string, unknown>)["jpserver_extensions"] ?? (app as Record<string, unknown>)["nbserver_extensions"]
    if (typeof listed !== "object" || listed === null) return []
    return Object.entries(listed).map(([name, enabled]): Item => ({
      kind: "serverextension",
      name: name.slice(0, 200),
      enabled: enabled === true,
    }))
  },
}
