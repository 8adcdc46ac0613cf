import { expect, test } from "vitest"
import type { Merged, MergedEntry } from "../oci/merged.ts"
import { environmentHeaders, environmentPrefix, systemHeaders } from "./writable.ts"

type Short = readonly [path: string, kind: "file" | "directory" | "symlink", mode: number, uid: number, gid: number]

function merged(files: readonly Short[]): Merged {
  const entries = files.map(([path, kind, mode, uid, gid]): MergedEntry => ({
    path,
    kind,
    mode,
    uid,
    gid,
    size: 0,
    mtime: 0,
    layer: 0,
  }))
  const get = (path: string): MergedEntry | undefined => entries.find((entry) => entry.path === path)
  return {
    entries: () => entries,
    below: (folder) => entries.filter(({ path }) => path === folder || path.startsWith(`${folder}/`)),
    get,
    resolve: get,
    list: () => undefined,
    readFiles: async () => new Map(),
    readFile: async () => undefined,
  }
}

const good: readonly Short[] = [
  ["", "directory", 0o755, 0, 0],
  ["bin", "symlink", 0o777, 0, 0],
  ["etc/passwd", "file", 0o664, 0, 0],
  ["opt", "directory", 0o755, 0, 0],
  ["opt/env", "directory", 0o2775, 0, 100],
  ["opt/env/bin/python", "symlink", 0o777, 0, 0],
  ["opt/env/pyvenv.cfg", "file", 0o664, 0, 100],
  ["home/jovyan", "directory", 0o755, 1000, 100],
  ["tmp", "directory", 0o1777, 0, 0],
  ["var/tmp", "directory", 0o1777, 0, 0],
  ["usr/local/lib", "directory", 0o2775, 0, 50],
]

test("an environment that gid 100 may write to, in a system that it may not", () => {
  expect(environmentHeaders(merged(good), "opt/env")).toEqual({ passed: true })
  expect(systemHeaders(merged(good), "opt/env")).toEqual({ passed: true })
})

test.each<[Short, boolean]>([
  [["opt/env/a", "file", 0o664, 0, 100], true],
  [["opt/env/a", "file", 0o644, 0, 100], false],
  [["opt/env/a", "file", 0o644, 1000, 100], false],
  [["opt/env/a", "file", 0o664, 0, 0], false],
  [["opt/env/a", "file", 0o666, 0, 0], true],
  [["opt/env/a", "file", 0o646, 0, 100], false],
  [["opt/env/a", "directory", 0o2765, 0, 100], false],
  [["opt/environment", "file", 0o600, 0, 0], true],
])("%j in the environment: %s", (entry, passed) => {
  expect(environmentHeaders(merged([...good, entry]), "opt/env").passed).toBe(passed)
})

test.each<[Short, boolean]>([
  [["usr/bin/x", "file", 0o755, 0, 0], true],
  [["usr/bin/x", "file", 0o755, 1000, 0], false],
  [["usr/bin/x", "file", 0o555, 1000, 100], true],
  [["usr/bin/x", "file", 0o775, 0, 100], false],
  [["etc/x", "file", 0o666, 0, 0], false],
  [["etc/x", "file", 0o646, 0, 100], true],
  [["opt/other", "directory", 0o775, 0, 100], false],
  [["srv/x", "file", 0o666, 0, 0], true],
])("%j in the system: %s", (entry, passed) => {
  expect(systemHeaders(merged([...good, entry]), "opt/env").passed).toBe(passed)
})

test("the environment is the label's, else the first on PATH that is one", () => {
  const files = merged(good)
  const label = (text: string): Record<string, string> => ({ "io.nbstacks.environment": text })
  expect(environmentPrefix({ labels: label('{"path":"/opt/x/"}'), env: {} }, files)).toBe("opt/x")
  expect(environmentPrefix({ labels: {}, env: { PATH: "/usr/bin:/opt/env/bin" } }, files)).toBe("opt/env")
  expect(environmentPrefix({ labels: {}, env: { PATH: "/usr/bin:/bin" } }, files)).toBeUndefined()
  for (const odd of ["", "null", "{}", '{"path":"relative"}', '{"path":7}', '{"path":"/"}']) {
    expect(environmentPrefix({ labels: label(odd), env: {} }, files)).toBeUndefined()
  }
})

test("many paths are counted, and the first twenty listed", () => {
  const many = Array.from({ length: 25 }, (_, at): Short => [
    `opt/env/${String(at).padStart(2, "0")}`,
    "file",
    0o600,
    0,
    0,
  ])
  const verdict = environmentHeaders(merged([...good, ...many]), "opt/env")
  expect(verdict.message).toBe("25 paths are below /opt/env not writable for gid 100")
  expect(verdict.detail?.split("\n")).toHaveLength(21)
  expect(verdict.detail).toMatch(/^\/opt\/env\/00 \(0600 0:0\)\n[^]*… and 5 more$/)
})
