import { isCopyright, licencesOf } from "./copyright.ts"
import { fieldsOf } from "./fields.ts"
import { jsonObject, textIn } from "./json.ts"
import { withoutLogin } from "./login.ts"

/** Where apt notes what it installed since another package needs it. */
export const aptStates = "var/lib/apt/extended_states"

/** The list that npm 7 and later keep of what is in a `node_modules`. */
export const npmList = ".package-lock.json"

/** Files beside a package's own that say something of it: who installed it, where from, whether it was asked for, its licences. */
export function isNote(path: string): boolean {
  return (
    isCopyright(path) ||
    /\.(?:dist|egg)-info\/(?:INSTALLER|REQUESTED|direct_url\.json)$/.test(path) ||
    path === aptStates ||
    path.endsWith(`node_modules/${npmList}`)
  )
}

/** What such a file says. */
export type Note = {
  readonly installer?: string
  readonly origin?: string
  readonly licence?: string
  readonly isRequested?: true
  /** `NAME ARCHITECTURE` of what came since another package needs it. */
  readonly automatic?: readonly string[]
  /** Where packages came from, by their folders below the one that has the `node_modules`. */
  readonly urls?: Readonly<Record<string, string>>
}

/** What such a file says. A login in an address is left out. */
export function noteOf(path: string, content: Buffer): Note {
  if (isCopyright(path)) {
    const licence = licencesOf(content)
    return licence === undefined ? {} : { licence }
  }
  if (path === aptStates) return { automatic: automaticIn(content.toString("utf8")) }
  if (path.endsWith(npmList)) return { urls: urlsIn(content) }
  if (path.endsWith("/REQUESTED")) return { isRequested: true }
  if (path.endsWith("/INSTALLER")) {
    const installer = content.toString("utf8").trim().slice(0, 80)
    return installer === "" ? {} : { installer }
  }
  return directUrl(content)
}

/** https://packaging.python.org/en/latest/specifications/direct-url-data-structure/ */
function directUrl(content: Buffer): Note {
  const record = jsonObject(content)
  const url = textIn(record?.["url"])
  if (url === undefined) return {}
  const version = record?.["vcs_info"]
  const { vcs, commit_id: commit } = (typeof version === "object" && version !== null ? version : {}) as Record<
    string,
    unknown
  >
  const origin = withoutLogin(url)
  const isPinned = typeof vcs === "string" && /^[a-z]{1,10}$/.test(vcs) && typeof commit === "string"
  return { origin: isPinned ? `${vcs}+${origin}@${commit.slice(0, 80)}` : origin }
}

/** https://manpages.debian.org/bookworm/apt/apt-mark.8.en.html */
function automaticIn(text: string): readonly string[] {
  return text.split(/\n\n+/).flatMap((paragraph) => {
    const fields = fieldsOf(paragraph)
    const name = fields.get("package")
    return name === undefined || fields.get("auto-installed") !== "1"
      ? []
      : [`${name} ${fields.get("architecture") ?? ""}`]
  })
}

function urlsIn(content: Buffer): Readonly<Record<string, string>> {
  const packages = jsonObject(content)?.["packages"]
  if (typeof packages !== "object" || packages === null) return {}
  const found = Object.entries(packages as Record<string, unknown>).flatMap(([folder, one]) => {
    const url =
      typeof one === "object" && one !== null ? textIn((one as Record<string, unknown>)["resolved"]) : undefined
    return url === undefined ? [] : [[folder, withoutLogin(url)] as const]
  })
  // Names are whatever the file says: no prototype must come of them.
  return Object.fromEntries(found)
}
