import { isUtf8 } from "node:buffer"
import type { Bytes } from "./bytes.ts"
import { readMember } from "./content.ts"
import { parseEntryPoints, type EntryPoint } from "./entry-points.ts"
import { normalName, parseWheelName } from "./filename.ts"
import { headField } from "./head-field.ts"
import { parseRecord, type RecordRow } from "./record.ts"
import { shown, type Refuse } from "./refusal.ts"
import { normalVersion } from "./versions.ts"
import type { Member } from "./zip.ts"

/** What a wheel says about itself. */
export type WheelFacts = {
  /** As METADATA writes them. */
  readonly name: string
  readonly version: string
  /** `NAME-VERSION.dist-info`, as in the archive. */
  readonly distInfo: string
  readonly record: ReadonlyMap<string, RecordRow>
  readonly entryPoints: readonly EntryPoint[]
  /** What people should know about it, each a sentence. */
  readonly warnings: readonly string[]
}

/** What its files may be at most, in bytes; of 753 real wheels the largest METADATA has 144 kB and the largest entry_points.txt 4 kB. */
const metadataLimit = 16 * 1024 * 1024
const smallLimit = 1024 * 1024

/**
 * What a RECORD may be at most, by what it lists: in real wheels each member has a row, of its path and less than 60 bytes
 * more. A megabyte and twice that is for longer hashes and for rows of what is not there, such as bytecode.
 */
function recordLimits(members: readonly Member[]): { readonly bytes: number; readonly rows: number } {
  const paths = members.reduce((sum, { path }) => sum + Buffer.byteLength(path) + 60, 0)
  return { bytes: smallLimit + 2 * paths, rows: 1000 + 2 * members.length }
}

/**
 * Reads WHEEL, METADATA, RECORD and entry_points.txt, and compares them with the file name. Every file but RECORD
 * and its signatures has to be in RECORD; whether its hash is right is seen when the file is read.
 * https://packaging.python.org/en/latest/specifications/binary-distribution-format/
 */
export function inspectWheel(
  wheel: { readonly bytes: Bytes; readonly members: readonly Member[]; readonly filename: string },
  refuse: Refuse,
): WheelFacts {
  const { bytes, members, filename } = wheel
  const distInfo = findDistInfo(members, filename, refuse)
  const byPath = new Map(members.map((member) => [member.path, member]))
  const text = (file: string, limit: number): string | undefined => {
    const member = byPath.get(`${distInfo}/${file}`)
    const content = member === undefined ? undefined : readMember(bytes, member, { refuse, limit })
    // Old METADATA has names in other characters, and uv takes it; nobody takes such a WHEEL.
    if (file === "WHEEL" && content !== undefined && !isUtf8(content)) throw refuse("its WHEEL is no text in UTF-8")
    return content?.toString("utf8")
  }
  const required = (file: string, limit: number): string => {
    const found = text(file, limit)
    if (found === undefined) throw refuse(`it has no ${file}`)
    return found
  }
  const warnings = checkWheelVersion(required("WHEEL", smallLimit), filename, refuse)
  const metadata = required("METADATA", metadataLimit)
  const name = headField(metadata, "Name") ?? ""
  const version = headField(metadata, "Version") ?? ""
  const named = parseWheelName(filename)
  if (named === undefined) throw refuse("its name is no wheel's name")
  if (name === "" || version === "")
    throw refuse("its METADATA does not begin with its fields, a name and a version among them")
  if (normalName(name) !== normalName(named.distribution) || normalVersion(version) !== normalVersion(named.version)) {
    throw refuse(`its metadata says ${shown(`${name} ${version}`)}`)
  }
  const most = recordLimits(members)
  const record = readRecord(required("RECORD", most.bytes), most.rows, refuse)
  for (const { path } of members) {
    if (!record.has(path) && !isRecordFile(path, distInfo))
      throw refuse(`its member ${shown(path)} is not in its RECORD`)
  }
  return {
    name,
    version,
    distInfo,
    record,
    entryPoints: parseEntryPoints(text("entry_points.txt", smallLimit) ?? "", refuse),
    warnings,
  }
}

/** RECORD and its signatures stand for themselves: nothing hashes them. */
export function isRecordFile(path: string, distInfo: string): boolean {
  return ["RECORD", "RECORD.jws", "RECORD.p7s"].some((name) => path === `${distInfo}/${name}`)
}

function findDistInfo(members: readonly Member[], filename: string, refuse: Refuse): string {
  const folders = new Set<string>()
  for (const { path } of members) {
    const slash = path.indexOf("/")
    if (slash > 0 && path.slice(0, slash).endsWith(".dist-info")) folders.add(path.slice(0, slash))
  }
  if (folders.size !== 1) throw refuse(`it has ${folders.size} \`.dist-info\` folders instead of one`)
  const [folder = ""] = folders
  const match = /^(.+)-([^-]+)\.dist-info$/.exec(folder)
  const named = parseWheelName(filename)
  const same =
    match !== null &&
    normalName(match[1] ?? "") === normalName(named?.distribution ?? "") &&
    normalVersion(match[2] ?? "") === normalVersion(named?.version ?? "")
  if (!same) throw refuse(`its folder ${shown(folder)} belongs to another distribution`)
  return folder
}

/** Another major version is refused, a higher minor one is a warning: "Installing a wheel", step 1.a. */
function checkWheelVersion(text: string, filename: string, refuse: Refuse): readonly string[] {
  const version = headField(text, "Wheel-Version")
  const [, major, minor] = /^(\d+)(?:\.(\d+))?(?:\.\d+)*$/.exec(version ?? "") ?? []
  if (major !== "1")
    throw refuse(`its Wheel-Version is ${shown(version ?? "missing")}, and 1.x is what can be installed`)
  return Number(minor ?? 0) === 0
    ? []
    : [`${filename} is a wheel of version ${version}, and was installed as one of 1.0`]
}

function readRecord(text: string, most: number, refuse: Refuse): Map<string, RecordRow> {
  const rows = new Map<string, RecordRow>()
  for (const row of parseRecord(text, refuse, most)) {
    const path = row.path.startsWith("./") ? row.path.slice(2) : row.path
    const other = rows.get(path)
    if (other !== undefined && other.hash !== row.hash) throw refuse(`its RECORD has two hashes for ${shown(path)}`)
    rows.set(path, row)
  }
  return rows
}
