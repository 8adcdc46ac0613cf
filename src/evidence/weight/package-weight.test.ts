import * as fc from "fast-check"
import { expect, test } from "vitest"
import { imageOf, layerOf, type Member } from "../../../test/support/layers.ts"
import { readHeaders } from "../../oci/merged/headers.ts"
import { readMerged } from "../../oci/merged.ts"
import type { Image } from "../../oci/image.ts"
import { inventoryOf } from "../inventory/inventory.ts"
import { weigh } from "./hidden.ts"
import { readListing } from "./lists/read-lists.ts"
import { weightOf, type Weight } from "./package-weight.ts"

type Members = Readonly<Record<string, Member>>

async function weightOfImage(image: Image): Promise<Weight> {
  const listings = await Promise.all(image.layers.map((layer) => readListing(layer)))
  const headers = listings.map((listing) => listing.headers)
  expect(headers).toEqual(await Promise.all(image.layers.map((layer) => readHeaders(layer))))
  return weightOf({
    root: weigh(headers).root,
    items: (await inventoryOf(image)).items,
    layers: image.layers.map(({ descriptor: { size } }, at) => ({
      size,
      unpacked: (headers[at] ?? []).reduce((sum, header) => sum + header.size, 0),
      lists: listings[at]?.lists ?? [],
    })),
  })
}

/** The paths of each package's files, by its name and ecosystem, and those of none; lists that name themselves left out. */
async function filesBy(...layers: readonly Members[]): Promise<Record<string, readonly string[]>> {
  const { packages, files } = await weightOfImage(imageOf(...layers.map((one) => layerOf(one))))
  const found: Record<string, string[]> = {}
  for (const { path, package: at } of files) {
    if (/\/(?:RECORD|METADATA|INSTALLER|DESCRIPTION|package\.json|Project\.toml|status|installed)$/.test(path)) continue
    const item = at === undefined ? undefined : packages[at]?.item
    const key = item === undefined ? "none" : `${item.ecosystem} ${item.name}`
    ;(found[key] ??= []).push(path)
  }
  return Object.fromEntries(Object.entries(found).map(([key, paths]) => [key, paths.toSorted()]))
}

const text = (size: number): string => "x".repeat(size)
const site = "opt/env/lib/python3.11/site-packages"
const dist = (name: string, record: readonly string[], installer = "pip"): Members => ({
  [`${site}/${name}-1.dist-info/METADATA`]: `Name: ${name}\nVersion: 1\n\n`,
  [`${site}/${name}-1.dist-info/INSTALLER`]: installer,
  [`${site}/${name}-1.dist-info/RECORD`]: record.map((line) => `${line}\n`).join(""),
})
const deb = (name: string): string =>
  `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n`

test("a copy of a package within another weighs with that one", async () => {
  const copy = `${site}/bleach/_vendor/html5lib-1.dist-info`
  const paths = [`${site}/bleach/__init__.py`, `${copy}/METADATA`, `${site}/bleach/_vendor/html5lib/__init__.py`]
  const { packages } = await weightOfImage(
    imageOf(
      layerOf({
        ...dist(
          "bleach",
          paths.map((path) => `${path.slice(site.length + 1)},,`),
        ),
        [paths[0] ?? ""]: text(5),
        [paths[1] ?? ""]: "Name: html5lib\nVersion: 1\n\n",
        [paths[2] ?? ""]: text(7),
      }),
    ),
  )
  expect(packages.map(({ item }) => item.name)).toEqual(["bleach"])
})

test("dpkg's files, also through /lib of a merged system, and of a package with its architecture in the list's name", async () => {
  expect(
    await filesBy({
      lib: { kind: "symlink", link: "usr/lib" },
      "usr/lib/libc.so": text(10),
      "usr/bin/curl": text(5),
      "etc/mine": text(3),
      "var/lib/dpkg/status": deb("libc6") + deb("curl"),
      "var/lib/dpkg/info/libc6:amd64.list": "/.\n/lib\n/lib/libc.so\n/lib/gone.so\n",
      "var/lib/dpkg/info/curl.list": "/usr/bin\n/usr/bin/curl\n",
    }),
  ).toEqual({
    "deb libc6": ["usr/lib/libc.so", "var/lib/dpkg/info/libc6:amd64.list"],
    "deb curl": ["usr/bin/curl", "var/lib/dpkg/info/curl.list"],
    none: ["etc/mine"],
  })
})

test("images without dpkg, Alpine's, and TeX Live's", async () => {
  expect(
    await filesBy({
      "var/lib/dpkg/status.d/tz": "Package: tzdata\nVersion: 1\n",
      "var/lib/dpkg/status.d/tz.md5sums": "0123456789  usr/share/zone\n",
      "usr/share/zone": text(9),
    }),
  ).toMatchObject({ "deb tzdata": ["usr/share/zone", "var/lib/dpkg/status.d/tz.md5sums"] })
  expect(
    await filesBy({
      "lib/apk/db/installed": "P:musl\nV:1\nF:lib\nR:ld.so\nZ:Q1\nF:\n\nP:zlib\nV:1\nF:lib\nR:libz.so\n\n",
      "lib/ld.so": text(4),
      "lib/libz.so": text(4),
    }),
  ).toEqual({ "apk musl": ["lib/ld.so"], "apk zlib": ["lib/libz.so"] })
  const database = [
    'name amsmath\nrevision 1\ndocfiles size=1\n texmf-dist/doc/a.pdf details="A" language="de"\nrunfiles size=1\n RELOC/tex/a.sty\n',
    "name tex\nrevision 2\n",
    "name tex.x86_64-linux\nrevision 2\nbinfiles arch=x86_64-linux size=1\n bin/x86_64-linux/tex\n",
  ].join("\n")
  expect(
    await filesBy({
      "usr/local/texlive/2026/tlpkg/texlive.tlpdb": database,
      "usr/local/texlive/2026/texmf-dist/doc/a.pdf": text(3),
      "usr/local/texlive/2026/texmf-dist/tex/a.sty": text(3),
      "usr/local/texlive/2026/bin/x86_64-linux/tex": text(3),
    }),
  ).toMatchObject({
    "tex amsmath": ["usr/local/texlive/2026/texmf-dist/doc/a.pdf", "usr/local/texlive/2026/texmf-dist/tex/a.sty"],
    "tex tex": ["usr/local/texlive/2026/bin/x86_64-linux/tex"],
  })
})

test("Python's files: scripts above, names in quotation marks, bytecode of another layer, what nobody listed", async () => {
  expect(
    await filesBy(
      {
        ...dist("a", [
          "a/__init__.py,sha256=x,1",
          "a/link.py,,",
          "../../../bin/a,,",
          '"a/odd, ""name"".txt",,',
          "../../../../../../etc/x,,",
        ]),
        [`${site}/a/__init__.py`]: text(5),
        [`${site}/a/odd, "name".txt`]: text(5),
        [`${site}/a/stray.py`]: text(5),
        [`${site}/a/link.py`]: { kind: "symlink", link: "/etc/link.py" },
        "opt/env/bin/a": text(5),
      },
      {
        [`${site}/a/__pycache__/__init__.cpython-311.opt-1.pyc`]: text(7),
        [`${site}/a/__pycache__/gone.cpython-311.pyc`]: text(7),
        [`${site}/a/__pycache__/link.cpython-311.pyc`]: text(7),
      },
    ),
  ).toEqual({
    "pypi a": [
      "opt/env/bin/a",
      `${site}/a/__init__.py`,
      `${site}/a/__pycache__/__init__.cpython-311.opt-1.pyc`,
      `${site}/a/__pycache__/link.cpython-311.pyc`,
      `${site}/a/odd, "name".txt`,
    ],
    none: [`${site}/a/__pycache__/gone.cpython-311.pyc`, `${site}/a/stray.py`],
  })
})

test("old Python packages list their files from their own folder on", async () => {
  const folder = `${site}/old-1.egg-info`
  expect(
    await filesBy({
      [`${folder}/PKG-INFO`]: "Name: old\nVersion: 1\n\n",
      [`${folder}/installed-files.txt`]: "../old.py\nPKG-INFO\n",
      [`${site}/old.py`]: text(5),
    }),
  ).toEqual({ "pypi old": [`${folder}/PKG-INFO`, `${folder}/installed-files.txt`, `${site}/old.py`] })
})

test("conda's packages have their files, not Python's metadata in them; what pip wrote over them is pip's", async () => {
  const layer = (installer: string): Members => ({
    "opt/env/conda-meta/n-1-0.json": JSON.stringify({
      name: "n",
      version: "1",
      files: ["lib/python3.11/site-packages/n.so", 7, "lib/n.h"],
    }),
    "opt/env/lib/n.h": text(5),
    [`${site}/n.so`]: text(6),
    ...dist("n", ["n.so,,"], installer),
  })
  expect(await filesBy(layer("conda"))).toEqual({
    "conda n": ["opt/env/conda-meta/n-1-0.json", "opt/env/lib/n.h", `${site}/n.so`],
  })
  expect(await filesBy(layer("pip"))).toEqual({
    "conda n": ["opt/env/conda-meta/n-1-0.json", "opt/env/lib/n.h"],
    "pypi n": [`${site}/n.so`],
  })
})

test("packages of R, Julia and npm are folders, those in them too", async () => {
  expect(
    await filesBy({
      "usr/lib/R/library/abc/DESCRIPTION": "Package: abc\nVersion: 1\nBuilt: R 4\n",
      "usr/lib/R/library/abc/R/abc.rdb": text(5),
      "root/.julia/packages/Example/aBcDe/Project.toml": 'name = "Example"\nversion = "1.0.0"\n',
      "root/.julia/packages/Example/aBcDe/src/Example.jl": text(5),
      "srv/node_modules/a/package.json": '{"name":"a","version":"1"}',
      "srv/node_modules/a/index.js": text(5),
      "srv/node_modules/a/node_modules/b/package.json": '{"name":"b","version":"1"}',
      "srv/node_modules/a/node_modules/b/index.js": text(5),
    }),
  ).toEqual({
    "cran abc": ["usr/lib/R/library/abc/R/abc.rdb"],
    "julia Example": ["root/.julia/packages/Example/aBcDe/src/Example.jl"],
    "npm a": ["srv/node_modules/a/index.js"],
    "npm b": ["srv/node_modules/a/node_modules/b/index.js"],
  })
})

test("a file counts once, for the name that a package has, and for the layer that has its bytes", async () => {
  const image = imageOf(
    layerOf({
      "opt/conda/pkgs/z-1-0/lib/z.so": text(1000),
      "opt/conda/zlib/z.so": { kind: "hardlink", link: "opt/conda/pkgs/z-1-0/lib/z.so" },
      "opt/conda/conda-meta/z-1-0.json": JSON.stringify({ name: "z", version: "1", files: ["zlib/z.so"] }),
    }),
    layerOf({ "opt/new": text(300), "opt/zero": "" }),
  )
  const { packages, none, layers, ecosystems, files } = await weightOfImage(image)
  const list = JSON.stringify({ name: "z", version: "1", files: ["zlib/z.so"] }).length
  const [z] = packages
  expect([z?.item.name, z?.files, z?.bytes, z?.layers.map(({ layer }) => layer)]).toEqual(["z", 2, 1000 + list, [0]])
  expect([none.files, none.bytes, none.layers.map(({ layer, bytes }) => [layer, bytes])]).toEqual([2, 300, [[1, 300]]])
  expect(ecosystems).toMatchObject([{ ecosystem: "conda", packages: 1, bytes: 1000 + list }])
  expect(files[0]?.path).toBe("opt/conda/zlib/z.so")
  // All of both layers is seen, so the estimates are all that is pulled.
  expect(layers.map(({ compressed }) => compressed)).toEqual(image.layers.map(({ descriptor }) => descriptor.size))
})

test.each([
  ["files", "/a\n".repeat(2_000_001), "its packages have more than 2000000 files"],
  [
    "letters",
    `/${"a".repeat(4000)}\n`.repeat(17_000),
    "the paths of its packages' files have more than 67108864 letters",
  ],
])("lists that have more %s than any image are refused", async (_, list, why) => {
  await expect(filesBy({ "var/lib/dpkg/status": deb("a"), "var/lib/dpkg/info/a.list": list })).rejects.toThrow(why)
})

test("what is no path is left out, and a list that is no list says nothing", async () => {
  expect(
    await filesBy({
      "var/lib/dpkg/status": deb("a"),
      "var/lib/dpkg/info/a.list": `/${"a".repeat(5000)}\n\n/usr/x\n`,
      "usr/x": text(1),
      "opt/conda-meta/c.json": "[[",
    }),
  ).toEqual({ "deb a": ["usr/x", "var/lib/dpkg/info/a.list"], none: ["opt/conda-meta/c.json"] })
})

const names = ["a", "b", "lib", "__pycache__", "a.py", "a.cpython-311.pyc"]
const path = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"))
const listed = fc.array(fc.tuple(fc.constantFrom("", "/", "../", "/link/", "../../../../"), path), { maxLength: 6 })
const member: fc.Arbitrary<readonly [string, Member]> = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(path, fc.integer({ min: 0, max: 50 }).map(text)) },
  fc.tuple(
    path.map((one) => `${one}/`),
    fc.constant(""),
  ),
  fc.tuple(
    fc.constant("link"),
    path.map((link) => ({ kind: "symlink" as const, link })),
  ),
  fc.tuple(
    path.map((one) => one.replace(/([^/]*)$/, ".wh.$1")),
    fc.constant(""),
  ),
  listed.map((files) => ["var/lib/dpkg/info/d.list", files.map(([head, one]) => `${head}${one}\n`).join("")] as const),
  listed.map(
    (files) => [`${site}/p-1.dist-info/RECORD`, files.map(([head, one]) => `${head}${one},,\n`).join("")] as const,
  ),
  listed.map(
    (files) => ["conda-meta/c-1-0.json", JSON.stringify({ name: "c", version: "1", files: files.flat() })] as const,
  ),
)
const always: Members = {
  "var/lib/dpkg/status": deb("d"),
  [`${site}/p-1.dist-info/METADATA`]: "Name: p\nVersion: 1\n\n",
}

test("all packages and what belongs to none are together all files of the merged image", async () => {
  let claimed = 0
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(member, { maxLength: 12 }), { minLength: 1, maxLength: 4 }), async (layers) => {
      const image = imageOf(layerOf(always), ...layers.map((members) => layerOf(Object.fromEntries(members))))
      const { packages, none, ecosystems, layers: sums, files } = await weightOfImage(image)
      const seen = new Map<string, number>()
      for (const { kind, size, content } of (await readMerged(image)).entries())
        if (kind === "file") seen.set(`${content?.layer} ${content?.member}`, size)
      const all = { files: seen.size, bytes: [...seen.values()].reduce((sum, size) => sum + size, 0) }
      const total = (parts: readonly { files: number; bytes: number }[]): typeof all => ({
        files: parts.reduce((sum, part) => sum + part.files, 0),
        bytes: parts.reduce((sum, part) => sum + part.bytes, 0),
      })
      expect(total([...packages, none])).toEqual(all)
      expect(total([...ecosystems, none])).toEqual(all)
      expect(total(sums)).toEqual(all)
      expect(total([...packages, none].flatMap((one) => one.layers))).toEqual(all)
      expect(files.length).toBe(all.files)
      claimed += total(packages).files
    }),
    { numRuns: 200 },
  )
  expect(claimed).toBeGreaterThan(500)
})
