import { posix } from "node:path"
import type { Bytes } from "./bytes.ts"
import { peek, readMember } from "./content.ts"
import { directUrl, type Origin } from "./direct-url.ts"
import { isInterpreterName, versionedCommands } from "./entry-points.ts"
import { normalName } from "./filename.ts"
import { inspectWheel, isRecordFile, type WheelFacts } from "./inspect.ts"
import { locate } from "./locate.ts"
import { otherDistribution } from "./other-distribution.ts"
import { checkRow, formatRecord, rowFor, type RecordRow } from "./record.ts"
import { refusals, shown, type Refuse } from "./refusal.ts"
import { entryScript, wantsInterpreter, withInterpreter } from "./scripts.ts"
import { headersFolder, interpreterPath, sitePackages, type Target } from "./target.ts"
import { readZip, type Member } from "./zip.ts"
import { badPath, differing, foldedPath } from "./zip-name.ts"

/** A file of an installed wheel. */
export type InstalledFile = {
  /** Relative to the prefix. */
  readonly path: string
  /** 0o775 or 0o664: whatever the archive says, and writable for the group. */
  readonly mode: number
  /** In bytes. */
  readonly size: number
  readonly source:
    | { readonly kind: "member"; readonly member: Member; readonly promised: RecordRow | undefined }
    | { readonly kind: "bytes"; readonly bytes: Uint8Array }
}

/** A wheel as it stands in an environment. */
export type Installation = {
  /** As METADATA writes them. */
  readonly name: string
  readonly version: string
  /** Relative to the prefix: where its metadata is. */
  readonly distInfo: string
  /** Sorted by path. */
  readonly files: readonly InstalledFile[]
  /** What people should know about it, each a sentence. */
  readonly warnings: readonly string[]
}

/** Written by the installer, whatever the wheel brings. */
const written = ["INSTALLER", "REQUESTED", "RECORD", "direct_url.json"]
const scriptLimit = 16 * 1024 * 1024

/**
 * What a wheel becomes in an environment: "Installing a wheel" of the binary distribution format, for any target
 * and on any host. Reads the archive's directory, its metadata and the first bytes of its scripts; nothing is written.
 * With an `origin` it gets a `direct_url.json`, else it has none.
 * Fails with one sentence that begins with the wheel's name.
 */
export function planInstallation(
  wheel: { readonly bytes: Bytes; readonly filename: string; readonly origin?: Origin | undefined },
  target: Target,
): Installation {
  const { bytes, filename, origin } = wheel
  const refuse = refusals(filename)
  const { members, folders } = readZip(bytes, filename)
  for (const folder of folders) locate(bytes, folder, refuse)
  const facts = inspectWheel({ bytes, members, filename }, refuse)
  const site = sitePackages(target)
  const distInfo = `${site}/${facts.distInfo}`
  const files = new Map<string, InstalledFile>()
  const rows: RecordRow[] = []
  const inside = `${site}/`
  const relative = (path: string): string =>
    path.startsWith(inside) ? path.slice(inside.length) : posix.relative(site, path)
  const add = (file: InstalledFile, row: RecordRow): void => {
    if (files.has(file.path)) throw refuse(`two of its members would become ${shown(file.path)}`)
    files.set(file.path, file)
    rows.push(row)
  }
  const addBytes = (path: string, content: Buffer, mode: number): void =>
    add(
      { path, mode, size: content.length, source: { kind: "bytes", bytes: content } },
      rowFor(relative(path), content),
    )

  const entryPoints = versionedCommands(facts.entryPoints, target.python)
  const commands = new Set(entryPoints.map((point) => point.name))
  for (const member of members) {
    const { path, script } = destination(member.path, { target, facts, refuse })
    const isWritten = written.some((name) => member.path === `${facts.distInfo}/${name}`)
    if (isWritten || (script !== undefined && commands.has(script))) {
      // Nobody reads it later.
      locate(bytes, member, refuse)
      continue
    }
    const mode = script !== undefined || member.executable ? 0o775 : 0o664
    const promised = facts.record.get(member.path)
    if (script !== undefined && wantsInterpreter(peek(bytes, member, { refuse, count: 8 }))) {
      const content = readMember(bytes, member, { refuse, limit: scriptLimit })
      // It goes into the layer with another first line, so that nobody compares it later.
      checkRow(promised, { path: member.path, content }, refuse)
      addBytes(path, withInterpreter(content, interpreterPath(target)), mode)
      continue
    }
    const checked = isRecordFile(member.path, facts.distInfo) ? undefined : promised
    const row = { path: relative(path), hash: promised?.hash ?? "", size: promised?.size ?? "" }
    add({ path, mode, size: member.size, source: { kind: "member", member, promised: checked } }, row)
  }
  for (const point of entryPoints) addBytes(`bin/${point.name}`, entryScript(point, interpreterPath(target)), 0o775)
  addBytes(`${distInfo}/INSTALLER`, Buffer.from("nbstacks\n"), 0o664)
  addBytes(`${distInfo}/REQUESTED`, Buffer.alloc(0), 0o664)
  if (origin !== undefined) addBytes(`${distInfo}/direct_url.json`, directUrl(origin), 0o664)
  const record = Buffer.from(formatRecord([...rows, { path: relative(`${distInfo}/RECORD`), hash: "", size: "" }]))
  files.set(`${distInfo}/RECORD`, {
    path: `${distInfo}/RECORD`,
    mode: 0o664,
    size: record.length,
    source: { kind: "bytes", bytes: record },
  })
  checkTogether(files, refuse)
  const sorted = [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
  return { name: facts.name, version: facts.version, distInfo, files: sorted, warnings: facts.warnings }
}

type Where = { readonly path: string; readonly script: string | undefined }

type Known = { readonly target: Target; readonly facts: WheelFacts; readonly refuse: Refuse }

/** Where a member goes. Nothing goes where it would be taken for another distribution. */
function destination(path: string, known: Known): Where {
  const where = placeOf(path, known)
  const site = `${sitePackages(known.target)}/`
  if (!where.path.startsWith(site)) return where
  const other = otherDistribution(where.path.slice(site.length).split("/", 1)[0] ?? "", known.facts)
  if (other !== undefined)
    throw known.refuse(`its member ${shown(path)} would stand for another distribution, ${shown(other).slice(1, -1)}`)
  return where
}

/** Site-packages, or where its `.data` folder says. */
function placeOf(path: string, known: Known): Where {
  const { target, facts, refuse } = known
  const site = sitePackages(target)
  const [top = "", scheme = "", ...rest] = path.split("/")
  if (!top.endsWith(".data")) return { path: `${site}/${path}`, script: undefined }
  const inner = rest.join("/")
  if (inner === "" || badPath(inner) !== undefined)
    throw refuse(`its member ${shown(path)} is not in a folder that installers know`)
  switch (scheme) {
    case "purelib":
    case "platlib":
      return { path: `${site}/${inner}`, script: undefined }
    case "headers":
      return { path: `${headersFolder(target, normalName(facts.name))}/${inner}`, script: undefined }
    case "data":
      return { path: guarded(inner, path, refuse), script: undefined }
    case "scripts":
      return { path: guarded(`bin/${inner}`, path, refuse), script: inner }
    default:
      throw refuse(`its member ${shown(path)} is not in a folder that installers know`)
  }
}

/** No file may stand where an environment has these. */
const environmentFolders: ReadonlySet<string> = new Set(["bin", "include", "lib", "lib64", "share", "etc"])

/** A path below the prefix that does not replace what makes the environment. `lib64` is a link to `lib` in a venv. */
function guarded(path: string, member: string, refuse: Refuse): string {
  const plain = path.startsWith("lib64/") ? `lib/${path.slice("lib64/".length)}` : path
  const [top = "", second = "", ...more] = plain.split("/")
  const isEnvironment =
    environmentFolders.has(plain) ||
    top === "pyvenv.cfg" ||
    top === "conda-meta" ||
    (top === "bin" && more.length === 0 && isInterpreterName(second))
  if (isEnvironment) throw refuse(`its member ${shown(member)} would replace a part of the environment itself`)
  return plain
}

/** After all is placed: nothing is a file and a folder, and no two paths differ in case or Unicode form only. */
function checkTogether(files: ReadonlyMap<string, InstalledFile>, refuse: Refuse): void {
  const folded = new Map<string, string>()
  const folders = new Set<string>()
  for (const path of files.keys()) {
    const key = foldedPath(path)
    const other = folded.get(key)
    if (other !== undefined)
      throw refuse(`it would install ${shown(other)} and ${shown(path)}, which ${differing(other, path)}`)
    folded.set(key, path)
    for (let slash = key.lastIndexOf("/"); slash > 0; slash = key.lastIndexOf("/", slash - 1)) {
      const folder = key.slice(0, slash)
      if (folders.has(folder)) break
      folders.add(folder)
    }
  }
  for (const [key, path] of folded)
    if (folders.has(key)) throw refuse(`it would install ${shown(path)} as a file and a folder`)
}
