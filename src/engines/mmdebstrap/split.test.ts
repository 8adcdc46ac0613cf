import * as fc from "fast-check"
import { expect, test } from "vitest"
import type { TarHeader } from "../../oci/tar/header.ts"
import { ownersOf, splitRoot } from "./split.ts"

function file(path: string, size: number): TarHeader {
  return { path, kind: "file", mode: 0o644, uid: 0, gid: 0, size }
}

function directory(path: string): TarHeader {
  return { path, kind: "directory", mode: 0o755, uid: 0, gid: 0, size: 0 }
}

/** Packages with some files each: a name, sizes of files. */
const packages = fc.uniqueArray(
  fc.record({
    name: fc.stringMatching(/^[a-z][a-z0-9]{1,6}$/),
    sizes: fc.array(fc.integer({ min: 0, max: 60_000 }), { minLength: 1, maxLength: 4 }),
  }),
  { selector: ({ name }) => name, minLength: 1, maxLength: 25 },
)

type Packages = readonly { readonly name: string; readonly sizes: readonly number[] }[]

function rootOf(all: Packages): { headers: TarHeader[]; owners: Map<string, string> } {
  const owners = new Map<string, string>()
  const headers: TarHeader[] = [directory("etc"), file("etc/passwd", 100), directory("usr")]
  for (const { name, sizes } of all) {
    headers.push(directory(`usr/${name}`))
    for (const [at, size] of sizes.entries()) {
      const path = `usr/${name}/${at}`
      headers.push(file(path, size))
      owners.set(path, name)
    }
  }
  return { headers, owners }
}

const budget = { layer: 100_000, layers: 99 }

test("each file is in one layer, below its directories, and no layer is over the budget", () => {
  fc.assert(
    fc.property(packages, (all) => {
      const { headers, owners } = rootOf(all)
      const layers = splitRoot({ headers, owners, budget })
      const sizes = new Map(headers.map(({ path, kind, size }) => [path, kind === "file" ? 512 + size : 0]))
      for (const { path, kind } of headers) {
        const holding = layers.filter((layer) => layer.has(path))
        expect(kind === "directory" || holding.length === 1).toBe(true)
        for (const layer of holding)
          expect(path.includes("/") && !layer.has(path.slice(0, path.lastIndexOf("/")))).toBe(false)
      }
      for (const layer of layers)
        expect([...layer].reduce((sum, path) => sum + (sizes.get(path) ?? 0), 0)).toBeLessThanOrEqual(budget.layer)
    }),
  )
})

test("a small package more moves no large one", () => {
  const large = [1, 2, 3, 4].map((at) => ({ name: `large${at}`, sizes: [at * 20_000 + 10_000] }))
  const before = splitRoot({ ...rootOf(large), budget })
  const after = splitRoot({ ...rootOf([...large, { name: "small", sizes: [10] }]), budget })
  const same = before.filter((layer) => after.some((other) => [...layer].join() === [...other].join()))
  expect(same.length).toBeGreaterThanOrEqual(4)
})

test("a root within the budget is one layer; files and layers beyond it are refused", () => {
  const { headers, owners } = rootOf([{ name: "one", sizes: [50_000] }])
  expect(splitRoot({ headers, owners, budget })).toEqual([new Set(headers.map(({ path }) => path))])
  expect(() => splitRoot({ headers, owners, budget: { layer: 20_000, layers: 9 } })).toThrow(
    "/usr/one/0 alone is larger",
  )
  expect(() => splitRoot({ headers, owners, budget: { layer: 51_000, layers: 1 } })).toThrow("need 2 layers")
})

test("lists of dpkg name owners through the links of a merged /usr", () => {
  const headers: TarHeader[] = [
    { ...file("bin", 0), kind: "symlink", link: "usr/bin" },
    file("usr/bin/sh", 1),
    file("var/lib/dpkg/info/dash.list", 1),
    file("var/lib/dpkg/info/libc6:amd64.postinst", 1),
    file("var/lib/dpkg/info/format", 1),
  ]
  const texts = new Map([["var/lib/dpkg/info/dash.list", Buffer.from("/.\n/bin\n/bin/sh\n/usr/share/dash\n")]])
  const owners = ownersOf(texts, headers)
  expect(owners.get("usr/bin/sh")).toBe("dash")
  expect(owners.get("usr/share/dash")).toBe("dash")
  expect(owners.get("var/lib/dpkg/info/dash.list")).toBe("dash")
  expect(owners.get("var/lib/dpkg/info/libc6:amd64.postinst")).toBe("libc6")
  expect(owners.get("var/lib/dpkg/info/format")).toBeUndefined()
})
