import { posix } from "node:path"
import type { Found } from "../../inventory/join.ts"
import { jsonObject } from "../../inventory/readers/json.ts"
import { recordPaths } from "./record.ts"

/** A package's name where one file lists those of many, else nothing; and its files as they are written. */
export type PackageFiles = readonly [name: string, files: readonly string[]]

/** A file in which a package manager wrote which files it installed. */
export type ListKind = {
  /** True for such files, by their path without a slash in front. */
  readonly wants: (path: string) => boolean
  /** What such a file says. Never throws. */
  readonly read: (content: Buffer) => readonly PackageFiles[]
  /** The folder from which written paths go. */
  readonly from: (path: string) => string
  /** What the list of one package has in common with the package's item; see `keysOf`. */
  readonly key: (path: string, name: string) => string
}

const lines = (content: Buffer): readonly string[] => content.toString("utf8").split("\n")
const above = (levels: number) => (path: string) => {
  let folder = path
  for (let at = 0; at < levels; at++) folder = posix.dirname(folder)
  return folder === "." ? "" : folder
}

/** dpkg's: a path a line, folders too. */
const dpkg: ListKind = {
  wants: (path) => /^var\/lib\/dpkg\/info\/[^/]+\.list$/.test(path),
  read: (content) => [["", lines(content)]],
  from: () => "",
  key: (path) => `deb ${posix.basename(path, ".list")}`,
}

/** Of images without dpkg: a checksum and a path a line. */
const distroless: ListKind = {
  wants: (path) => /^var\/lib\/dpkg\/status\.d\/[^/]+\.md5sums$/.test(path),
  read: (content) => [["", lines(content).map((line) => line.replace(/^\S+\s+/, ""))]],
  from: () => "",
  key: (path) => `at ${path.slice(0, -".md5sums".length)}`,
}

/** apk's database: `P:` a package, `F:` a folder, `R:` a file in it. */
const apk: ListKind = {
  wants: (path) => /^(?:usr\/)?lib\/apk\/db\/installed$/.test(path),
  read(content) {
    const found: [string, string[]][] = []
    let folder = ""
    for (const line of lines(content)) {
      const value = line.slice(2)
      if (line.startsWith("P:")) found.push([value, []])
      else if (line.startsWith("F:")) folder = value
      else if (line.startsWith("R:")) found.at(-1)?.[1].push(`${folder}/${value}`)
    }
    return found
  },
  from: () => "",
  key: (_, name) => `apk ${name}`,
}

/** https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-record-file */
const wheel: ListKind = {
  wants: (path) => /(?:^|\/)(?:site|dist)-packages\/[^/]+\.dist-info\/RECORD$/.test(path),
  read: (content) => [["", recordPaths(content.toString("utf8"))]],
  from: above(2),
  key: (path) => `in ${posix.dirname(path)}`,
}

/** What setuptools wrote before there were wheels, from its own folder on. */
const egg: ListKind = {
  wants: (path) => /(?:^|\/)(?:site|dist)-packages\/[^/]+\.egg-info\/installed-files\.txt$/.test(path),
  read: (content) => [["", lines(content)]],
  from: above(1),
  key: (path) => `in ${posix.dirname(path)}`,
}

const conda: ListKind = {
  wants: (path) => /(?:^|\/)conda-meta\/[^/]+\.json$/.test(path),
  read(content) {
    const files = jsonObject(content)?.["files"]
    return Array.isArray(files) ? [["", files.filter((one) => typeof one === "string")]] : []
  },
  from: above(2),
  key: (path) => `at ${path}`,
}

/** TeX Live's database: files begin with a space; `a.x86_64-linux` is a part of `a`. */
const tex: ListKind = {
  wants: (path) => /(?:^|\/)tlpkg\/texlive\.tlpdb$/.test(path),
  read(content) {
    const found: [string, string[]][] = []
    for (const line of lines(content))
      if (line.startsWith("name ")) found.push([line.slice("name ".length).split(".", 1)[0] ?? "", []])
      else if (line.startsWith(" "))
        found.at(-1)?.[1].push(
          line
            .slice(1)
            .replace(/ (?:details|language)=.*$/, "")
            .replace(/^RELOC\//, "texmf-dist/"),
        )
    return found
  },
  from: above(2),
  key: (path, name) => `tex ${path} ${name}`,
}

const kinds: readonly ListKind[] = [dpkg, distroless, apk, wheel, egg, conda, tex]

/** The kind of a file that lists others; undefined for nearly all. */
export function listKindOf(path: string): ListKind | undefined {
  if (!/(?:\.list|\.md5sums|\/installed|\/RECORD|\.txt|\.json|\.tlpdb)$/.test(path)) return undefined
  return kinds.find(({ wants }) => wants(path))
}

/** What lists of an item's files are found by. */
export function keysOf(item: Found): readonly string[] {
  if (item.kind !== "package") return []
  const { ecosystem, name, path, architecture } = item
  if (ecosystem === "deb")
    return path.includes("/status.d/")
      ? [`at ${path}`]
      : [`deb ${name}`, ...(architecture === undefined ? [] : [`deb ${name}:${architecture}`])]
  if (ecosystem === "apk") return [`apk ${name}`]
  if (ecosystem === "tex") return [`tex ${path} ${name}`]
  if (ecosystem === "conda") return [`at ${path}`]
  return /\.(?:dist|egg)-info\/[^/]+$/.test(path) ? [`in ${posix.dirname(path)}`] : []
}
