import { jsonObject, textIn } from "./json.ts"

/** Files beside a distribution's metadata that say where it came from. */
export function isProvenance(path: string): boolean {
  return /\.(?:dist|egg)-info\/(?:INSTALLER|direct_url\.json)$/.test(path)
}

/** What such a file says: who installed, or where from. A login in an address is left out. */
export function provenanceOf(path: string, content: Buffer): { readonly installer?: string; readonly origin?: string } {
  if (path.endsWith("/INSTALLER")) {
    const installer = content.toString("utf8").trim().slice(0, 80)
    return installer === "" ? {} : { installer }
  }
  const url = textIn(jsonObject(content)?.["url"])
  return url === undefined ? {} : { origin: url.replace(/^([a-z+]+:\/\/)[^/@]*@/i, "$1") }
}
