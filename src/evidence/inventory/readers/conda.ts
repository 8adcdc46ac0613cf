import type { Reader } from "../item.ts"
import { onePackage, said } from "./fields.ts"
import { jsonObject, textIn } from "./json.ts"
import { withoutLogin } from "./login.ts"

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
      requested: requestedIn(record),
      url: addressOf(textIn(record["url"])),
    })
  },
}

/** What was asked for: a list, or a text of conda's that is `None` for what was not. */
function requestedIn(record: Readonly<Record<string, unknown>>): boolean | undefined {
  const { requested_specs: list, requested_spec: text } = record
  if (Array.isArray(list)) return list.length > 0
  return typeof text === "string" ? text !== "" && text !== "None" : undefined
}

function addressOf(url: string | undefined): string | undefined {
  return url === undefined ? undefined : withoutLogin(url)
}

/** A channel without the platform's folder. */
function channelOf(channel: string | undefined): string | undefined {
  return addressOf(channel)?.replace(/\/(?:linux|osx|win|noarch)[^/]*(?:\/.*)?$/, "")
}
