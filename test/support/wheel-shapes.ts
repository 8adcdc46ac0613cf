import { openBytes } from "../../src/packages/segment/worker/wheel-bytes.ts"
import type { Bytes } from "../../src/packages/wheel/bytes.ts"
import { peek, readMember } from "../../src/packages/wheel/content.ts"
import { refusals } from "../../src/packages/wheel/refusal.ts"
import { readZip, type Member } from "../../src/packages/wheel/zip.ts"

/** What an installer may get wrong in a wheel, as it is seen in the wheel itself. */
export const shapes = [
  ".data/purelib",
  ".data/platlib",
  ".data/headers",
  ".data/scripts",
  ".data/data",
  "#!python script",
  "GUI entry point",
  "namespace package",
  "file that another wheel brings",
  "non-ASCII name",
  "several licences",
  "sbom",
  "stored member",
  "data descriptor",
  "more than 10,000 files",
  "abi3",
  "pure",
  "platform",
  "WHEEL of before 2018",
  "signed RECORD",
] as const
export type Shape = (typeof shapes)[number]

type Wheel = { readonly file: string; readonly filename: string }
type Seen = { readonly shapes: ReadonlySet<Shape>; readonly paths: readonly string[] }

/** How many of these wheels have each shape. They are installed together, so that files of several are counted too. */
export function countShapes(wheels: readonly Wheel[]): Record<Shape, number> {
  const seen = wheels.map(shapesOf)
  const brought = new Map<string, number>()
  for (const { paths } of seen) for (const path of paths) brought.set(path, (brought.get(path) ?? 0) + 1)
  const has = (one: Seen, shape: Shape): boolean =>
    shape === "file that another wheel brings"
      ? one.paths.some((path) => (brought.get(path) ?? 0) > 1)
      : one.shapes.has(shape)
  return Object.fromEntries(shapes.map((shape) => [shape, seen.filter((one) => has(one, shape)).length])) as Record<
    Shape,
    number
  >
}

/** The shapes that are fewer than they should be, each as a sentence. */
export function tooFew(
  counts: Readonly<Record<Shape, number>>,
  least: Readonly<Partial<Record<Shape, number>>>,
): readonly string[] {
  return shapes.flatMap((shape) =>
    counts[shape] < (least[shape] ?? 0) ? [`${shape}: ${counts[shape]} of at least ${least[shape]}`] : [],
  )
}

/** The sums of several lists. */
export function sumShapes(counts: readonly Readonly<Record<Shape, number>>[]): Record<Shape, number> {
  return Object.fromEntries(
    shapes.map((shape) => [shape, counts.reduce((sum, count) => sum + count[shape], 0)]),
  ) as Record<Shape, number>
}

function shapesOf({ file, filename }: Wheel): Seen {
  const bytes = openBytes(file)
  try {
    const { members } = readZip(bytes, filename)
    const found = new Set<Shape>(members.flatMap((member) => ofMember(bytes, member, filename)))
    for (const shape of ofWheel(bytes, members, filename)) found.add(shape)
    return { shapes: found, paths: members.flatMap(({ path }) => sitePath(path) ?? []) }
  } finally {
    bytes.close()
  }
}

function ofMember(bytes: Bytes, member: Member, filename: string): readonly Shape[] {
  const { path, method, size, flags } = member
  const found: Shape[] = []
  const [, scheme] = /^[^/]+\.data\/([^/]+)\//.exec(path) ?? []
  const shape = shapes.find((one) => one === `.data/${scheme}`)
  if (shape !== undefined) found.push(shape)
  if (scheme === "scripts") {
    const start = peek(bytes, member, { refuse: refusals(filename), count: 8 }).toString("latin1")
    if (start.startsWith("#!python")) found.push("#!python script")
  }
  if (/[^\0-\x7f]/.test(path)) found.push("non-ASCII name")
  if (method === 0 && size > 0) found.push("stored member")
  if ((flags & 8) !== 0) found.push("data descriptor")
  if (/^[^/]+\.dist-info\/sboms\/./.test(path)) found.push("sbom")
  if (/^[^/]+\.dist-info\/RECORD\.(?:jws|p7s)$/.test(path)) found.push("signed RECORD")
  return found
}

function ofWheel(bytes: Bytes, members: readonly Member[], filename: string): readonly Shape[] {
  const text = (name: RegExp): string => {
    const member = members.find(({ path }) => name.test(path))
    if (member === undefined) return ""
    return readMember(bytes, member, { refuse: refusals(filename), limit: 2 ** 20 }).toString("utf8")
  }
  const about = text(/^[^/]+\.dist-info\/WHEEL$/)
  // bdist_wheel 0.30 was of 2017, 0.31 of 2018.
  const [, generator = ""] = /^Generator: bdist_wheel \(([^)]*)\)/m.exec(about) ?? []
  const licences = members.filter(({ path }) =>
    /^[^/]+\.dist-info\/(?:licenses\/.|(?:LICEN[CS]E|COPYING|NOTICE|AUTHORS)[^/]*$)/i.test(path),
  )
  const found: Readonly<Partial<Record<Shape, boolean>>> = {
    pure: /^Root-Is-Purelib: true$/m.test(about),
    platform: /^Root-Is-Purelib: false$/m.test(about),
    "WHEEL of before 2018": /^0\.(?:[12]?\d|30)\./.test(generator),
    "GUI entry point": /^\[gui_scripts\]$/m.test(text(/^[^/]+\.dist-info\/entry_points\.txt$/)),
    "several licences": licences.length > 1,
    "more than 10,000 files": members.length > 10_000,
    abi3: filename.includes("-abi3-"),
    "namespace package": hasNamespace(members) || text(/^[^/]+\.dist-info\/namespace_packages\.txt$/) !== "",
  }
  return shapes.filter((shape) => found[shape] === true)
}

/** A folder of packages that is none itself: other wheels may add to it. PEP 420. */
function hasNamespace(members: readonly Member[]): boolean {
  const packages = members.flatMap(({ path }) => /^([^/]+)\/[^/]+\/__init__\.py$/.exec(path)?.[1] ?? [])
  const own = new Set(members.map(({ path }) => path))
  return packages.some((top) => !/\.(?:data|dist-info)$/.test(top) && !own.has(`${top}/__init__.py`))
}

/** Where a member goes, below site-packages; other places are told apart by their scheme. Metadata collides with nobody's. */
function sitePath(path: string): string | undefined {
  const [, scheme, rest = ""] = /^[^/]+\.data\/([^/]+)\/(.*)$/.exec(path) ?? []
  if (/^[^/]+\.dist-info\//.test(path) || scheme === "headers") return undefined
  return scheme === undefined ? path : scheme === "purelib" || scheme === "platlib" ? rest : `${scheme}: ${rest}`
}
