import type { Item, Reader } from "../item.ts"
import { given } from "./fields.ts"

/** Which distribution it is. https://www.freedesktop.org/software/systemd/man/latest/os-release.html */
export const system: Reader = {
  wants: (path) => path === "etc/os-release" || path === "usr/lib/os-release",
  read(_, content) {
    const said = new Map<string, string>()
    for (const [, name = "", value = ""] of content.toString("utf8").matchAll(/^([A-Z_]+)=(.*)$/gm))
      said.set(
        name,
        value
          .trim()
          .replace(/^(["'])(.*)\1$/, "$2")
          .slice(0, 200),
      )
    const id = said.get("ID")
    if (id === undefined || !/^[a-z0-9._-]+$/.test(id)) return []
    const name = said.get("PRETTY_NAME") ?? said.get("NAME") ?? id
    const found: Item = { kind: "system", id, name, ...given({ version: said.get("VERSION_ID") }) }
    return [found]
  },
}
