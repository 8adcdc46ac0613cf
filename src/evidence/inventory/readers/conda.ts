import type { Reader } from "../item.ts"
import { onePackage, said } from "./fields.ts"
import { jsonObject, textIn } from "./json.ts"

/** What is installed in a conda prefix: a file for each package in `conda-meta`. */
export const conda: Reader = {
  wants: (path) => /(?:^|\/)conda-meta\/[^/]+\.json$/.test(path),
  read(_, content) {
    const record = jsonObject(content) ?? {}
    return onePackage("conda", textIn(record["name"]), textIn(record["version"]), {
      architecture: textIn(record["subdir"]),
      licence: said(textIn(record["license"])),
      origin: channelOf(textIn(record["channel"]) ?? textIn(record["url"])),
      build: textIn(record["build"]) ?? textIn(record["build_string"]),
    })
  },
}

/** A channel without the platform's folder, and without a login or token. */
function channelOf(channel: string | undefined): string | undefined {
  return channel
    ?.replace(/^([a-z+]+:\/\/)[^/@]*@/i, "$1")
    .replace(/\/t\/[^/]+/, "")
    .replace(/\/(?:linux|osx|win|noarch)[^/]*(?:\/.*)?$/, "")
}
