import type { Reader } from "../item.ts"
import { onePackage } from "./fields.ts"

/** Packages in a Julia depot: `packages/NAME/SLUG/Project.toml`. Those of a manifest that are not there are not installed. */
export const julia: Reader = {
  wants: (path) => /(?:^|\/)packages\/[A-Za-z]\w*\/[A-Za-z0-9]{4,6}\/(?:Julia)?Project\.toml$/.test(path),
  read(_, content) {
    const top = content.toString("utf8").split(/^\s*\[/m, 1)[0] ?? ""
    const [name, version, uuid] = ["name", "version", "uuid"].map(
      (key) => new RegExp(`^${key}\\s*=\\s*"([^"\\n]{1,200})"`, "m").exec(top)?.[1],
    )
    return onePackage("julia", name, version, { uuid })
  },
}
