import { hash } from "node:crypto"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { hostileWheels } from "../../../test/support/hostile-wheels.ts"
import { archiveOfWheel } from "../../../test/support/join.ts"
import { wheelOf, type WheelMember, type WheelText } from "../../../test/support/wheels.ts"
import { bytesOf } from "./bytes.ts"
import { planInstallation } from "./install.ts"
import type { Target } from "./target.ts"

const target: Target = { prefix: "/opt/env", kind: "venv", python: "3.11", uid: 1000, gid: 100 }
const site = "lib/python3.11/site-packages"

function plan(text: Partial<WheelText>, to: Target = target): ReturnType<typeof planInstallation> {
  const { bytes, filename } = wheelOf({ name: "demo", version: "1.0", ...text })
  return planInstallation({ bytes: bytesOf(bytes), filename }, to)
}

function texts(files: ReturnType<typeof plan>["files"]): Record<string, string> {
  return Object.fromEntries(
    files.flatMap((file) =>
      file.source.kind === "bytes" ? [[file.path, Buffer.from(file.source.bytes).toString()]] : [],
    ),
  )
}

/** Writes the wheel into a layer, which reads every member, and gives the archive. */
async function install(bytes: Buffer, filename = "demo-1.0-py3-none-any.whl"): Promise<Buffer> {
  return archiveOfWheel(bytes, filename, target)
}

test("a small wheel becomes its files and its record", () => {
  const { files } = plan({ entryPoints: "[console_scripts]\ndemo = demo:main\n[other]\nx = y\n" })
  expect(files.map(({ path, mode }) => `${mode.toString(8)} ${path}`)).toEqual([
    "775 bin/demo",
    `664 ${site}/demo-1.0.dist-info/INSTALLER`,
    `664 ${site}/demo-1.0.dist-info/METADATA`,
    `664 ${site}/demo-1.0.dist-info/RECORD`,
    `664 ${site}/demo-1.0.dist-info/REQUESTED`,
    `664 ${site}/demo-1.0.dist-info/WHEEL`,
    `664 ${site}/demo-1.0.dist-info/entry_points.txt`,
    `664 ${site}/demo/__init__.py`,
  ])
  const generated = texts(files)
  expect(generated["bin/demo"]).toMatchInlineSnapshot(`
    "#!/opt/env/bin/python
    import sys

    from demo import main

    if __name__ == "__main__":
        sys.exit(main())
    "
  `)
  expect(generated[`${site}/demo-1.0.dist-info/RECORD`]?.split("\n").map((row) => row.split(",")[0])).toEqual([
    "../../../bin/demo",
    "demo-1.0.dist-info/INSTALLER",
    "demo-1.0.dist-info/METADATA",
    "demo-1.0.dist-info/RECORD",
    "demo-1.0.dist-info/REQUESTED",
    "demo-1.0.dist-info/WHEEL",
    "demo-1.0.dist-info/entry_points.txt",
    "demo/__init__.py",
    "",
  ])
})

test("every kind of .data goes where the specification says, for a venv and for conda", () => {
  const members: WheelMember[] = [
    { path: "demo-1.0.data/purelib/a.py" },
    { path: "demo-1.0.data/platlib/b.so", mode: 0o100755 },
    { path: "demo-1.0.data/headers/demo.h" },
    { path: "demo-1.0.data/data/share/jupyter/kernels/x/kernel.json", content: "{}" },
    { path: "demo-1.0.data/data/lib64/pkgconfig/demo.pc" },
    { path: "demo-1.0.data/scripts/tool", content: "#!python -E\nprint(1)\n" },
    { path: "demo-1.0.data/scripts/shell", content: "#!/bin/sh\n" },
    { path: "demo-1.0.data/scripts/again", content: "#!python\nold\n" },
  ]
  const entryPoints = "[console_scripts]\nagain = demo.cli:app.run [extra]\n"
  const { files } = plan({ members, entryPoints })
  const paths = files
    .map(({ path, mode }) => `${mode.toString(8)} ${path}`)
    .filter((path) => !path.includes("dist-info"))
  expect(paths).toEqual([
    "775 bin/again",
    "775 bin/shell",
    "775 bin/tool",
    "664 include/site/python3.11/demo/demo.h",
    "664 lib/pkgconfig/demo.pc",
    `664 ${site}/a.py`,
    `775 ${site}/b.so`,
    "664 share/jupyter/kernels/x/kernel.json",
  ])
  expect(texts(files)["bin/tool"]).toBe("#!/opt/env/bin/python -E\nprint(1)\n")
  expect(texts(files)["bin/again"]).toContain("from demo.cli import app")
  const conda = plan({ members }, { ...target, prefix: "/opt/conda", kind: "conda" })
  expect(conda.files.map((file) => file.path)).toContain("include/python3.11/demo/demo.h")
  expect(texts(conda.files)["bin/tool"]).toMatch(/^#!\/opt\/conda\/bin\/python3\.11 -E\n/)
})

test.each(["true", "false"])("Root-Is-Purelib: %s makes no difference where both libraries are one folder", (value) => {
  const { files } = plan({ purelib: value })
  expect(files.map(({ path }) => path)).toContain(`${site}/demo/__init__.py`)
})

test("headers go below the normalised name, in a venv and with conda", () => {
  const wheel = (to: Target): string[] => {
    const { bytes, filename } = wheelOf({
      name: "Zope_Proxy.x",
      version: "1.0",
      members: [{ path: "Zope_Proxy.x-1.0.data/headers/proxy.h" }],
    })
    const { files } = planInstallation({ bytes: bytesOf(bytes), filename }, to)
    return files.flatMap(({ path }) => (path.endsWith(".h") ? [path] : []))
  }
  expect(wheel(target)).toEqual(["include/site/python3.11/zope-proxy-x/proxy.h"])
  expect(wheel({ ...target, kind: "conda" })).toEqual(["include/python3.11/zope-proxy-x/proxy.h"])
})

test("x bits count whatever system the archive says it is from", () => {
  const { bytes, filename } = wheelOf({
    name: "demo",
    version: "1.0",
    members: [
      { path: "demo/tool.exe", mode: 0o100777, system: 0 },
      { path: "demo/plain", mode: 0, system: 0 },
    ],
  })
  const { files } = planInstallation({ bytes: bytesOf(bytes), filename }, target)
  expect(files.flatMap(({ path, mode }) => (path.includes("/demo/") ? [mode.toString(8)] : []))).toEqual(["664", "775"])
})

test("a wheel of a later minor version is installed with a warning, of this one without", () => {
  expect(plan({ wheelVersion: "1.9" }).warnings).toEqual([
    "demo-1.0-py3-none-any.whl is a wheel of version 1.9, and was installed as one of 1.0",
  ])
  expect(plan({}).warnings).toEqual([])
})

test("licences, SBOMs and signatures are copied, what installers write is not", () => {
  const info = "demo-1.0.dist-info"
  const members = [
    "licenses/LICENSE",
    "licenses/a/b/NOTICE",
    "sboms/x.cdx.json",
    "RECORD.jws",
    "INSTALLER",
    "REQUESTED",
    "direct_url.json",
  ]
  const { files } = plan({ members: members.map((name) => ({ path: `${info}/${name}`, content: "theirs" })) })
  expect(files.map(({ path }) => path.slice(`${site}/${info}/`.length))).toEqual([
    "INSTALLER",
    "METADATA",
    "RECORD",
    "RECORD.jws",
    "REQUESTED",
    "WHEEL",
    "licenses/LICENSE",
    "licenses/a/b/NOTICE",
    "sboms/x.cdx.json",
  ])
  expect(texts(files)[`${site}/${info}/INSTALLER`]).toBe("nbstacks\n")
  expect(texts(files)[`${site}/${info}/REQUESTED`]).toBe("")
  expect(texts(files)[`${site}/${info}/RECORD`]).not.toContain("direct_url.json")
})

test("a wheel from a URL says so, byte for byte as pip does, whatever it brings itself", () => {
  const info = "demo-1.0.dist-info"
  const { bytes, filename } = wheelOf({
    name: "demo",
    version: "1.0",
    members: [{ path: `${info}/direct_url.json`, content: "theirs" }],
  })
  const sha256 = "ab".repeat(32)
  const origin = { url: `https://x.example/%7Ea/${filename}`, sha256 }
  const { files } = planInstallation({ bytes: bytesOf(bytes), filename, origin }, target)
  const found = texts(files)
  const text = `{"archive_info": {"hash": "sha256=${sha256}", "hashes": {"sha256": "${sha256}"}}, "url": "${origin.url}"}`
  expect(found[`${site}/${info}/direct_url.json`]).toBe(text)
  const row = `${info}/direct_url.json,sha256=${hash("sha256", text, "base64url")},${text.length}\n`
  expect(found[`${site}/${info}/RECORD`]).toContain(row)
})

test("a long prefix goes through the shell", () => {
  const prefix = `/${"long/".repeat(30)}env`
  const { files } = plan({ entryPoints: "[gui_scripts]\nx = demo:main\n" }, { ...target, prefix })
  expect(texts(files)["bin/x"]).toMatch(/^#!\/bin\/sh\n'''exec' '\/long/)
})

test("stored members, data descriptors and zip64 fields are read, empty and large members too", async () => {
  const large = Buffer.alloc(3_000_000, "0123456789abcdef")
  const { bytes } = wheelOf({
    name: "demo",
    version: "1.0",
    members: [
      { path: "demo/stored.bin", content: Buffer.alloc(200_000, 7), method: 0 },
      { path: "demo/stored-large.bin", content: large, method: 0 },
      { path: "demo/descriptor.py", content: "x = 1\n", descriptor: true },
      { path: "demo/zip64.py", content: "y = 1\n", zip64: true },
      { path: "demo/empty.py" },
      { path: "demo/large.bin", content: large },
      { path: "demo/" },
    ],
  })
  const archive = await install(bytes)
  expect(archive.includes("opt/env/lib/python3.11/site-packages/demo/empty.py")).toBe(true)
  expect(archive.includes("y = 1\n")).toBe(true)
  expect(archive.length % 512).toBe(0)
})

test.each(Object.entries(hostileWheels))("a wheel with %s is refused by name", async (_, { why, make }) => {
  const { bytes, filename } = make()
  const refused = await install(bytes, filename).catch((error: unknown) => error)
  expect(refused).toMatchObject({ name: "Failure", code: "no", hint: expect.any(String) })
  expect((refused as Error).message).toMatch(/^Cannot use demo-1\.0-py3-none-any\.whl: /)
  expect((refused as Error).message).toContain(why)
})

test("two files for one hash in RECORD of two kinds are refused, repeated rows are not", () => {
  const twice = wheelOf({ name: "demo", version: "1.0", record: { again: "demo/__init__.py,sha256=AAAA,1" } })
  expect(() => planInstallation({ bytes: bytesOf(twice.bytes), filename: twice.filename }, target)).toThrow(
    "two hashes",
  )
})

test("a wheel with any bytes changed is installed or refused, and neither crashes nor installs outside the prefix", async () => {
  const { bytes } = wheelOf({
    name: "demo",
    version: "1.0",
    entryPoints: "[console_scripts]\ndemo = demo:main\n",
    members: [
      { path: "demo/__init__.py", content: "x = 1\n".repeat(50) },
      { path: "demo/stored.bin", content: Buffer.alloc(300, 9), method: 0 },
      { path: "demo/descriptor.py", content: "y = 2\n", descriptor: true },
      { path: "demo/zip64.py", content: "z = 3\n", zip64: true },
      { path: "demo-1.0.data/scripts/tool", content: "#!python\n" },
    ],
  })
  const change = fc.record({ at: fc.nat(bytes.length - 1), value: fc.integer({ min: 0, max: 255 }) })
  const outcomes = { installed: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), fc.boolean(), async (changes, atTheEnd) => {
      const mutated = Buffer.from(bytes)
      // The directory is at the end, and decides the most.
      for (const { at, value } of changes) mutated[atTheEnd ? bytes.length - 1 - (at % 700) : at] = value
      try {
        await install(mutated)
        outcomes.installed++
      } catch (error) {
        if (!(error instanceof Error) || error.name !== "Failure") throw error
        outcomes.refused++
      }
    }),
    { numRuns: 1_500 },
  )
  expect(outcomes.refused).toBeGreaterThan(300)
  expect(outcomes.installed).toBeGreaterThan(0)
})

test.each([
  ["spaces in a name", { metadata: `Metadata-Version: 2.1\nName: demo${" ".repeat(4_000_000)}x\nVersion: 1.0\n` }],
  ["spaces and tabs", { metadata: `Metadata-Version: 2.1\nName: demo${" \t".repeat(2_000_000)}x\nVersion: 1.0\n` }],
  ["dashes in a version", { metadata: `Metadata-Version: 2.1\nName: demo\nVersion: 1.0${"-".repeat(4_000_000)}\n` }],
  ["dashes before a plus", { metadata: `Metadata-Version: 2.1\nName: demo\nVersion: 1.0${"-".repeat(4_000_000)}+\n` }],
  ["spaces in Wheel-Version", { wheelVersion: `1.0${" ".repeat(4_000_000)}x` }],
])("%s, millions of them, are refused without an end of waiting", (_, text) => {
  expect(() => plan(text)).toThrow("Cannot use demo-1.0-py3-none-any.whl")
})

test.each([
  ["folded", "Metadata-Version: 2.1\nName:\n demo\nVersion:\n\t1.0\n"],
  ["with lines of old Macs", "Metadata-Version: 2.1\rName: demo\rVersion: 1.0\r"],
  ["in other letters", "metadata-version: 2.1\nNAME: demo\nversion: 1.0\n"],
  ["after a folded line of no field", " x\nName: demo\nVersion: 1.0\n"],
  ["twice, of which the first counts", "Name: demo\nName: other\nVersion: 1.0\nVersion: 2.0\n"],
  ["with other characters behind", Buffer.from("Name: demo\nVersion: 1.0\nAuthor: caf\xe9\n", "latin1")],
])("a name and a version are found %s", (_, metadata) => {
  expect(plan({ metadata })).toMatchObject({ name: "demo", version: "1.0" })
})
