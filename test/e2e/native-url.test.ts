import { createServer } from "node:https"
import type { AddressInfo } from "node:net"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { expect, test } from "vitest"
import type { ServerResponse } from "../../src/host/http.ts"
import { makeHost } from "../../src/host/node/host.ts"
import { readImage, type Image } from "../../src/oci/image.ts"
import { openLayout } from "../../src/oci/store/layout/layout.ts"
import { openRegistry } from "../../src/oci/store/registry/registry.ts"
import type { Requirement, Step } from "../../src/tree/step.ts"
import { unpackImage } from "../../src/oci/unpack.ts"
import { writeImage } from "../../src/oci/write-image.ts"
import { benchWith, requirement } from "../support/bench-wheels.ts"
import { machinePython } from "../support/bytecode.ts"
import { makeCertificate } from "../support/certificate.ts"
import { debianImage, nativeBench, placedFiles, pypiStep, requirementsOf, type NativeBench } from "../support/native.ts"
import { startRegistry } from "../support/registry.ts"
import { openSandbox, prepared, type Sandbox } from "../support/sandbox.ts"
import { wheelOf, type TestWheel } from "../support/wheels.ts"

const host = makeHost(process.env)
const site = "opt/env/lib/python3.11/site-packages"
const info = `${site}/demo-1.0.dist-info`

/** One brings a `direct_url.json` of its own, which counts for nothing. */
const demo = wheelOf({
  name: "demo",
  version: "1.0",
  members: [
    { path: "demo/__init__.py", content: "x = 1\n" },
    { path: "demo-1.0.dist-info/direct_url.json", content: "{}" },
  ],
})
const large = wheelOf({
  name: "large",
  version: "1.0",
  members: [{ path: "large/data.bin", content: Buffer.alloc(2_000_000, 7), method: 0 }],
})

type Seen = { readonly line: string; readonly authorization: string | undefined }

/** A server of files on loopback; `answer` may say something else. */
async function startFiles(answer: (path: string, origin: string) => ServerResponse | undefined = () => undefined) {
  const seen: Seen[] = []
  let origin = ""
  const server = await host.serve(
    async ({ method, target, headers }): Promise<ServerResponse> => {
      seen.push({ line: `${method} ${target}`, authorization: headers["authorization"] })
      const own = answer(target, origin)
      if (own !== undefined) return own
      const wheel = [demo, large].find(({ filename }) => target.endsWith(`/${filename}`))
      if (wheel === undefined) return { status: 404 }
      const length = { "content-length": String(wheel.bytes.length) }
      return method === "HEAD" ? { status: 200, headers: length } : { status: 200, headers: length, body: wheel.bytes }
    },
    { port: 0 },
  )
  origin = `http://127.0.0.1:${server.port}`
  return { origin, seen, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

/** A bench that no index is configured for. */
function benchAlone(env: Readonly<Record<string, string>> = {}): Promise<NativeBench> {
  // The pauses between tries are not what is tested.
  const alone = { PIP_CONFIG_FILE: "/dev/null", PIP_NO_INDEX: "1", ...env }
  return nativeBench({ env: alone, change: { sleep: () => Promise.resolve() } })
}

async function install(bench: NativeBench, url: string, wheel: TestWheel = demo): Promise<Image> {
  const name = wheel === demo ? "demo" : "large"
  return await bench.execute(pypiStep([requirement(name, [wheel], { url })]), await bench.parent(debianImage()))
}

function directUrl(url: string, { sha256 }: TestWheel): string {
  return `{"archive_info": {"hash": "sha256=${sha256}", "hashes": {"sha256": "${sha256}"}}, "url": "${url}"}`
}

/** The texts of some files of an image, by path. */
async function textsOf(image: Image, from = 1): Promise<ReadonlyMap<string, string>> {
  return new Map([...(await placedFiles(image, from))].map(([path, { content }]) => [path, content.toString()]))
}

test("the same wheel by its URL and from an index share no layer, whichever came first, and what is gone is made again", async () => {
  await using files = await startFiles()
  const url = `${files.origin}/a/${demo.filename}`
  const digests = async (order: readonly (string | undefined)[]): Promise<readonly string[]> => {
    await using bench = await benchWith([demo, large])
    const parent = await bench.parent(debianImage())
    const found = new Map<string | undefined, string>()
    for (const origin of order) {
      const more = origin === undefined ? {} : { url: origin }
      const step = pypiStep([requirement("demo", [demo], more), requirement("large", [large])])
      const image = await bench.execute(step, parent)
      found.set(origin, bench.digestOf(image))
      const texts = await textsOf(image)
      expect(texts.get(`${info}/direct_url.json`)).toBe(origin === undefined ? undefined : directUrl(origin, demo))
      expect(texts.get(`${info}/RECORD`)?.includes("direct_url.json")).toBe(origin !== undefined)
      for (const gone of [
        ["store", "cache/layers"],
        ["store", "cache/layers", "cache/segments"],
      ]) {
        for (const folder of gone) await bench.host.files.remove(join(bench.folder, folder))
        await bench.parent(debianImage())
        expect(bench.digestOf(await bench.execute(step, parent))).toBe(bench.digestOf(image))
      }
    }
    return [...found].sort(([a = ""], [b = ""]) => (a < b ? -1 : 1)).map(([, digest]) => digest)
  }
  const other = `${files.origin}/b/${demo.filename}`
  const [one, two] = await Promise.all([digests([undefined, url, other]), digests([other, url, undefined])])
  expect(new Set(one).size).toBe(3)
  expect(two).toEqual(one)
})

test("a redirect is followed, and the URL of the lock is what is written; what the cache has is not asked for", async () => {
  await using other = await startFiles()
  await using files = await startFiles(() => ({
    status: 302,
    headers: { location: `${other.origin.replace("127.0.0.1", "localhost")}/real/${demo.filename}` },
  }))
  const home = await host.files.makeTemporary("nbstacks-home-")
  await host.files.write(join(home, "netrc"), "machine 127.0.0.1 login me password s3cret\n")
  await using bench = await benchAlone({ NETRC: join(home, "netrc") })
  const url = `${files.origin}/${demo.filename}`
  const image = await install(bench, url)
  expect((await textsOf(image)).get(`${info}/direct_url.json`)).toBe(directUrl(url, demo))
  // The login is for the first host, and not for the one that it sends to.
  const basic = `Basic ${Buffer.from("me:s3cret").toString("base64")}`
  expect(files.seen).toEqual([{ line: `GET /${demo.filename}`, authorization: basic }])
  expect(other.seen).toEqual([{ line: `GET /real/${demo.filename}`, authorization: undefined }])
  await install(bench, url)
  expect([files.seen.length, other.seen.length]).toEqual([1, 1])
  await host.files.remove(home)
})

test("a file that is gone, another file, no login, one that does not fit: each says what to do, and nothing is kept", async () => {
  const forged = Buffer.from(demo.bytes)
  forged.writeUInt8(1, 40)
  await using files = await startFiles((path) => {
    if (path.startsWith("/forged/")) return { status: 200, body: forged }
    return path.startsWith("/closed/") ? { status: 401 } : path.startsWith("/down/") ? { status: 503 } : undefined
  })
  await using bench = await benchAlone()
  const address = files.origin.slice("http://".length)
  for (const [path, expected] of [
    [
      "none",
      {
        code: "cannot",
        message: `${address} does not have demo-2.0-py3-none-any.whl, which the lock names by its URL`,
      },
    ],
    [
      "forged",
      { code: "cannot", message: expect.stringContaining("does not have a hash that the lock names") as string },
    ],
    ["closed", { code: "credentials", hint: expect.stringContaining("netrc") as string }],
    ["down", { code: "temporary" }],
  ] as const) {
    const filename = path === "none" ? "demo-2.0-py3-none-any.whl" : demo.filename
    await expect(install(bench, `${files.origin}/${path}/${filename}`)).rejects.toMatchObject(expected)
  }
  await expect(install(bench, `${files.origin}/demo-1.0-cp311-cp311-win_amd64.whl`)).rejects.toMatchObject({
    code: "no",
    message: "No wheel of demo 1.0 fits Python 3.11.2 on linux/amd64 with glibc 2.36",
    detail: "  demo-1.0-cp311-cp311-win_amd64.whl is for win_amd64",
  })
  expect(await host.files.list(join(bench.folder, "cache", "wheels"))).toEqual([])
})

test("a local version in a URL; too many tags; one package from two places", async () => {
  const local = wheelOf({ name: "demo", version: "1.0+cpu.1" })
  await using files = await startFiles((path) =>
    path === `/${local.filename.replace("+", "%2B")}` ? { status: 200, body: local.bytes } : undefined,
  )
  await using bench = await benchAlone()
  const parent = await bench.parent(debianImage())
  const [pin] = requirementsOf(
    `demo @ ${files.origin}/${local.filename.replace("+", "%2B")} --hash=sha256:${local.sha256}`,
  ) as [Requirement]
  const texts = await textsOf(await bench.execute(pypiStep([{ ...pin, version: "1.0+cpu.1" }]), parent))
  expect(texts.get(`${site}/demo-1.0+cpu.1.dist-info/direct_url.json`)).toBe(directUrl(pin.url ?? "", local))

  const tags = Array.from({ length: 40 }, (_, at) => `x${at}`).join(".")
  await expect(install(bench, `${files.origin}/demo-1.0-${tags}-${tags}-any.whl`)).rejects.toThrow(
    "is not the name of a wheel",
  )

  const [a, b] = ["a", "b"].map((path) => `${files.origin}/${path}/${demo.filename}`)
  for (const more of [{ url: b }, {}, { url: a, hashes: [`sha256:${"0".repeat(64)}`] }]) {
    const two = [
      requirement("demo", [demo], { url: a }),
      requirement("demo", [demo], { ...more, marker: "os_name == 'posix'" }),
    ]
    await expect(bench.execute(pypiStep(two), parent)).rejects.toMatchObject({
      code: "no",
      message: "`row` wants demo 1.0 from two places",
    })
  }
})

test("bytecode is that of the same wheel from an index", async () => {
  await using files = await startFiles()
  const python = await machinePython(host)
  await using bench = await benchWith([demo])
  const parent = await bench.parent(debianImage(python.full))
  const layersWith = async (more: Partial<Requirement>): Promise<readonly (readonly [string, string])[]> => {
    const step = { ...pypiStep([requirement("demo", [demo], more)]), bytecode: "all" } as Step
    const { layers } = await bench.execute(step, parent)
    return layers.slice(2).map(({ history, diffId }) => [history.created_by ?? "", diffId])
  }
  const index = await layersWith({})
  const byUrl = await layersWith({ url: `${files.origin}/${demo.filename}` })
  expect(byUrl.map(([what]) => what)).toEqual(["nbstacks: demo 1.0", "nbstacks: demo 1.0 (bytecode)"])
  expect(byUrl[0]).not.toEqual(index[0])
  expect(byUrl[1]).toEqual(index[1])
})

test("over TLS with the configured certificates; https never becomes http", async () => {
  await using files = await startFiles()
  await using pem = await makeCertificate(host)
  const [key, cert] = await Promise.all([readFile(pem.key), readFile(pem.certificate)])
  const server = createServer({ key, cert }, (request, response) => {
    const isMoved = request.url?.startsWith("/moved/") === true
    if (isMoved) response.writeHead(302, { location: `${files.origin}/${demo.filename}` }).end()
    else response.end(demo.bytes)
  })
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
  try {
    const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
    await using bench = await benchAlone({ PIP_CERT: pem.certificate })
    await expect(install(bench, `${origin}/moved/${demo.filename}`)).rejects.toMatchObject({
      code: "cannot",
      message: expect.stringContaining("without TLS") as string,
    })
    expect(files.seen).toEqual([])
    const image = await install(bench, `${origin}/${demo.filename}`)
    expect((await textsOf(image)).get(`${info}/direct_url.json`)).toBe(directUrl(`${origin}/${demo.filename}`, demo))
    await using trusting = await benchAlone({ PIP_TRUSTED_HOST: "127.0.0.1" })
    await install(trusting, `${origin}/moved/${demo.filename}`)
    await using strict = await benchAlone()
    await expect(install(strict, `${origin}/${demo.filename}`)).rejects.toThrow("is not trusted")
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

/** A tree of one image, whose lock is `text`. */
async function openTree(registry: string, text: string, env: Readonly<Record<string, string>>): Promise<Sandbox> {
  const store = openRegistry(registry, host, {})
  const { digest } = await writeImage(debianImage(), { store, repository: "debian" })
  await store.tag("debian", "1", digest)
  const none = { UV_INDEX_URL: undefined, UV_DEFAULT_INDEX: undefined, UV_INDEX: undefined, PIP_FIND_LINKS: undefined }
  const sandbox = await openSandbox(host, { ...none, PIP_CONFIG_FILE: "/dev/null", PIP_NO_INDEX: "1", ...env })
  return await prepared(sandbox, async () => {
    await sandbox.write({
      "nbstacks.yaml": `version: 1\nimages:\n  one: {from: "${registry}/debian:1", environment: e, checks: {profile: none}}\n`,
      "e/requirements.txt": text,
    })
    await sandbox.git("init", "-q")
    const { code, stderr } = await sandbox.nbstacks("lock")
    if (code !== 0) throw new Error(stderr)
  })
}

/** Every text that a folder holds, unpacked where it is compressed. */
async function everythingIn(folder: string): Promise<string> {
  const texts: string[] = []
  for (const { name, kind } of (await host.files.list(folder)) ?? []) {
    const path = join(folder, name)
    if (kind === "directory") texts.push(await everythingIn(path))
    else if (kind === "file") {
      const bytes = await readFile(path)
      texts.push(bytes.toString("latin1"))
      // A kept segment has its archive behind it, as it is.
      if (bytes.subarray(0, 2).equals(Buffer.of(0x1f, 0x8b)) && !name.endsWith(".segment"))
        texts.push(gunzipSync(bytes).toString("latin1"))
    }
  }
  return texts.join("\n")
}

test("pip sees where a package came from, plan says that a URL changed, layers knows sizes, and a login is nowhere", async () => {
  await using registry = await startRegistry(host)
  const basic = `Basic ${Buffer.from("me:s3cret").toString("base64")}`
  await using files = await startFiles()
  const home = await host.files.makeTemporary("nbstacks-home-")
  try {
    await host.files.write(join(home, "netrc"), "machine 127.0.0.1 login me password s3cret\n")
    const url = `${files.origin}/a/${demo.filename}`
    const text = (at: string): string =>
      `demo @ ${at} \\\n    --hash=sha256:${demo.sha256}\nlarge @ ${files.origin}/${large.filename}#sha256=${large.sha256}\n`
    await using tree = await openTree(registry.address, text(url), { NETRC: join(home, "netrc") })
    await tree.git("add", ".")
    await tree.git("commit", "-qm", "one")
    const built = await tree.nbstacks("build", "--json")
    expect(built).toMatchObject({ code: 0 })
    expect(new Set(files.seen.map(({ authorization }) => authorization))).toEqual(new Set([basic]))

    const [store = "", cache = ""] = [tree.env["NBSTACKS_STORE"], tree.env["NBSTACKS_CACHE"]]
    const { images } = JSON.parse(built.stdout) as { images: { reference: string }[] }
    const [repository = "", digest = ""] = images[0]?.reference.slice(`${store}/`.length).split("@") ?? []
    const image = await readImage(openLayout(store, host), repository, digest)
    const root = join(home, "root")
    await unpackImage(image, root, host)
    const freeze = ["python3", "-m", "pip", "freeze", "--path", join(root, site)] as const
    const frozen = await host.run({ argv: freeze })
    expect(frozen.stdout).toBe(
      `demo @ ${url}#sha256=${demo.sha256}\nlarge @ ${files.origin}/${large.filename}#sha256=${large.sha256}\n`,
    )
    const origin =
      "import sys, json, importlib.metadata as m\nfor d in m.distributions(path=[sys.argv[1]]): print(json.loads(d.read_text('direct_url.json'))['url'], [f.size for f in d.files if f.name == 'direct_url.json'] == [len(d.read_text('direct_url.json'))])"
    const seen = await host.run({ argv: ["python3", "-c", origin, join(root, site)] })
    expect(seen.stdout.split("\n").sort()).toEqual(["", `${url} True`, `${files.origin}/${large.filename} True`])
    expect((await tree.nbstacks("layers", "one")).stdout).toContain("large 1.0")

    // What pip wrote down is a lock, too.
    await tree.write({ "e/requirements.txt": frozen.stdout })
    const same = await tree.nbstacks("plan", "--json")
    expect(JSON.parse(same.stdout)).toMatchObject({ waves: [] })

    const moved = `${files.origin}/b/${demo.filename}`
    await tree.write({ "e/requirements.txt": text(moved) })
    await tree.git("commit", "-qam", "two")
    const plan = await tree.nbstacks("plan")
    expect(plan.stdout.replaceAll(/\s+/g, " ")).toContain(`demo 1.0 @ ${url} → 1.0 @ ${moved}`)
    // Nothing is fetched again for it.
    files.seen.length = 0
    const again = await tree.nbstacks("build")
    expect(again).toMatchObject({ code: 0 })
    expect(files.seen).toEqual([])

    await host.files.remove(join(cache, "wheels"))
    const history = await tree.nbstacks("layers", "one", "--history", "--json")
    expect(history).toMatchObject({ code: 0 })
    const { releases } = JSON.parse(history.stdout) as { releases: { size: number }[] }
    expect(releases.map(({ size }) => size)).toEqual([1, 2].map(() => demo.bytes.length + large.bytes.length))
    expect([...new Set(files.seen.map(({ line }) => line.split(" ")[0]))]).toEqual(["HEAD"])

    const login = text(`${files.origin.replace("//", "//me:s3cret@")}/a/${demo.filename}`)
    await tree.write({ "e/requirements.txt": login })
    const refused = await tree.nbstacks("plan")
    expect(refused).toMatchObject({ code: 2, stdout: "" })
    expect(refused.stderr).toContain("the URL of demo has a login or a variable in it")
    expect(refused.stderr).toContain("~/.netrc")

    const said = [built, same, plan, again, history, refused].flatMap(({ stdout, stderr }) => [stdout, stderr])
    const kept = [await everythingIn(store), await everythingIn(cache), ...said].join("\n")
    for (const known of [directUrl(url, demo), directUrl(moved, demo)]) expect(kept).toContain(known)
    for (const secret of ["s3cret", basic.slice("Basic ".length)]) expect(kept).not.toContain(secret)
  } finally {
    await host.files.remove(home)
  }
})
