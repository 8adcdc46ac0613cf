import { isCopyright, licencesOf } from "./copyright.ts"
import { jsonObject, textIn } from "./json.ts"

/** Files beside a package's own that say something of it: who installed it, where from, its licences. */
export function isNote(path: string): boolean {
  return isCopyright(path) || /\.(?:dist|egg)-info\/(?:INSTALLER|direct_url\.json)$/.test(path)
}

/** What such a file says. */
export type Note = { readonly installer?: string; readonly origin?: string; readonly licence?: string }

/** What such a file says: who installed, where from, or the licences. A login in an address is left out. */
export function noteOf(path: string, content: Buffer): Note {
  if (isCopyright(path)) {
    const licence = licencesOf(content)
    return licence === undefined ? {} : { licence }
  }
  if (path.endsWith("/INSTALLER")) {
    const installer = content.toString("utf8").trim().slice(0, 80)
    return installer === "" ? {} : { installer }
  }
  const url = textIn(jsonObject(content)?.["url"])
  return url === undefined ? {} : { origin: url.replace(/^([a-z+]+:\/\/)[^/@]*@/i, "$1") }
}
