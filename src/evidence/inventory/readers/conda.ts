import type { Item, Reader } from "../item.ts"
import { given, said } from "./fields.ts"
import { jsonObject, textIn } from "./json.ts"

/** What is installed in a conda prefix: a file for each package in `conda-meta`. */
export const conda: Reader = {
  wants: (path) => /(?:^|\/)conda-meta\/[^/]+\.json$/.test(path),
  read(_, content) {
    const record = jsonObject(content)
    const [name, version] = [textIn(record?.["name"]), textIn(record?.["version"])]
    if (record === undefined || name === undefined || version === undefined) return []
    const found: Item = {
      kind: "package",
      ecosystem: "conda",
      name,
      version,
      ...given({
        architecture: textIn(record["subdir"]),
        licence: said(textIn(record["license"])),
        origin: channelOf(textIn(record["channel"]) ?? textIn(record["url"])),
        build: textIn(record["build"]) ?? textIn(record["build_string"]),
      }),
    }
    return [found]
  },
}

/** A channel without the platform's folder, and without a login or token. */
function channelOf(channel: string | undefined): string | undefined {
  return channel
    ?.replace(/^([a-z+]+:\/\/)[^/@]*@/i, "$1")
    .replace(/\/t\/[^/]+/, "")
    .replace(/\/(?:linux|osx|win|noarch)[^/]*(?:\/.*)?$/, "")
}
