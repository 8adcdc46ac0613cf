import { join } from "node:path"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { mmdebstrapEngine } from "../../src/engines/mmdebstrap/engine.ts"
import { resolveDebian } from "../../src/engines/mmdebstrap/resolve.ts"
import { makeHost } from "../../src/host/node/host.ts"
import { readImage, type Image } from "../../src/oci/image.ts"
import { decompress } from "../../src/oci/layer/decompress.ts"
import { openLayout, type Layout } from "../../src/oci/store/layout/layout.ts"
import { readTar } from "../../src/oci/tar/reader.ts"
import type { TarHeader } from "../../src/oci/tar/header.ts"
import { digestOf, type Digest } from "../../src/oci/digest.ts"
import type { BootstrapStep } from "../../src/tree/step.ts"
import { basePackages, startApt, type TestApt, type TestPackage } from "../support/apt.ts"
import { bootstrapStep, platformOfHost, plainJob } from "../support/debian.ts"

const plain = makeHost(process.env)
const platform = platformOfHost(plain)

/** Its postinst leaves what real ones leave: logs, identities, keys, times, users. */
const noisy: TestPackage = {
  name: "noisy",
  version: "2:1.0-1",
  depends: ["quiet"],
  files: {
    "/etc/skel/.profile": "# profile\n",
    "/usr/lib/python3/m.py": "x = 1\n",
    "/usr/lib/python3/__pycache__/m.cpython-311.pyc": "\u0000\u0000\r\n\u0000\u0000\u0000\u0000TIMEsizecode",
    "/usr/share/doc/with spaces/ü.txt": "text\n",
  },
  postinst: [
    "mkdir -p /var/log/noisy /var/cache/apt /etc/ssh /run/noisy /tmp/noisy /var/lib/dbus",
    "cat /proc/sys/kernel/random/uuid > /var/log/noisy/a.log",
    "cat /proc/sys/kernel/random/uuid > /etc/machine-id",
    "cat /proc/sys/kernel/random/uuid > /var/lib/dbus/machine-id",
    "cat /proc/sys/kernel/random/uuid > /etc/ssh/ssh_host_rsa_key",
    "cat /proc/sys/kernel/random/uuid > /run/noisy/pid",
    "cat /proc/sys/kernel/random/uuid > /tmp/noisy/x",
    "echo 'service:!:19000:0:99999:7:::' > /etc/shadow",
    'echo "$LC_ALL $TZ $SOURCE_DATE_EPOCH ${NOISE-unset}" > /etc/seen',
  ].join("\n"),
}
const quiet: TestPackage = { name: "quiet", version: "1.0", files: { "/usr/share/quiet": "quiet\n" } }

let apt: TestApt
let folder: string

beforeAll(async () => {
  apt = await startApt()
  folder = await plain.files.makeTemporary("nbstacks-mmdebstrap-test-")
})

beforeEach(() => apt.publish([...basePackages, noisy, quiet]))

afterAll(async () => {
  await apt?.[Symbol.asyncDispose]()
  if (folder !== undefined) await plain.files.remove(folder)
})

let count = 0
function newStore(): Layout {
  return openLayout(join(folder, `store-${count++}`), plain)
}

async function built(
  step: BootstrapStep,
  env: Readonly<Record<string, string>> = {},
): Promise<{ image: Image; digest: Digest; store: Layout }> {
  const store = newStore()
  const host = makeHost({ ...apt.host.env, ...env })
  const engine = mmdebstrapEngine(host)
  expect(await engine.can(step, platform)).toBe(true)
  const digest = await engine.execute(step, plainJob({ store, repository: "base" }, { platform }))
  return { image: await readImage(store, "base", digest), digest, store }
}

type Found = TarHeader & { readonly text: string; readonly layer: number }

async function filesOf({ image, store }: { image: Image; store: Layout }): Promise<ReadonlyMap<string, Found>> {
  const found = new Map<string, Found>()
  for (const [layer, { descriptor }] of image.layers.entries())
    for await (const { header, content } of readTar(
      decompress(store.read("base", descriptor.digest), "a layer"),
      "a layer",
    )) {
      let text = ""
      for await (const chunk of content) text += Buffer.from(chunk).toString("latin1")
      expect(header.kind !== "directory" && found.has(header.path)).toBe(false)
      found.set(header.path, { ...header, text, layer })
    }
  return found
}

/** All about files but the layers that they are in. */
function plainly(files: ReadonlyMap<string, Found>): unknown {
  return Object.fromEntries(
    [...files].map(([path, { layer: _layer, text, ...rest }]) => [
      path,
      { ...rest, text: text.length > 1000 ? digestOf(text) : text },
    ]),
  )
}

describe("a loopback apt repository", () => {
  test("is resolved to every package and version, sorted", async () => {
    expect(await resolveDebian({ suite: "test", packages: ["noisy"], platform }, apt.host)).toEqual([
      { name: "apt", version: "1.0" },
      { name: "nbbase", version: "1.0" },
      { name: "noisy", version: "2:1.0-1" },
      { name: "quiet", version: "1.0" },
      { name: "tini", version: "1.0" },
    ])
  })

  test("a package that it lacks is named", async () => {
    await expect(
      resolveDebian({ suite: "test", packages: ["noisy", "nosuch"], platform }, apt.host),
    ).rejects.toMatchObject({
      code: "cannot",
      message: "The suite test has no package `nosuch`",
    })
  })

  test("a suite without a source is refused with those that there are", async () => {
    await expect(resolveDebian({ suite: "bookworm", packages: [], platform }, apt.host)).rejects.toMatchObject({
      code: "cannot",
      hint: expect.stringContaining("It has test"),
    })
  })

  test("makes a root with the user, without what differs from run to run", async () => {
    const made = await built(await bootstrapStep(apt.host, ["noisy"], "test"), { NOISE: "seen", TZ: "Asia/Tokyo" })
    const files = await filesOf(made)
    const paths = [...files].flatMap(([path, { kind }]) => (kind === "directory" ? [] : [path]))
    const leftovers = paths.filter((path) =>
      /^(?:etc\/(?:hostname|resolv\.conf)|etc\/apt\/(?:preferences|apt\.conf)\.d\/.|var\/log\/.*log$|etc\/ssh\/|run\/|tmp\/|dev\/|var\/lib\/dbus\/.|var\/(?:cache\/apt|lib\/apt\/lists)\/.)/.test(
        path,
      ),
    )
    expect(leftovers).toEqual([])
    expect(new Set([...files.values()].map(({ mtime }) => mtime))).toEqual(new Set([315_532_800]))
    expect(files.get("etc/machine-id")?.text).toBe("")
    expect(files.get("etc/passwd")?.text).toContain("jovyan:x:1000:100::/home/jovyan:/bin/bash\n")
    expect(files.get("etc/shadow")?.text).toBe("service:!:3652:0:99999:7:::\njovyan:*:3652:0:99999:7:::\n")
    expect(files.get("home/jovyan")).toMatchObject({ kind: "directory", mode: 0o2775, uid: 1000, gid: 100 })
    expect(files.get("home/jovyan/.profile")).toMatchObject({ mode: 0o664, uid: 1000, gid: 100, text: "# profile\n" })
    expect(files.get("etc/seen")?.text).toBe("C.UTF-8 UTC 315532800 unset\n")
    expect(files.get("usr/share/doc/with spaces/ü.txt")?.text).toBe("text\n")
    const bytecode = Buffer.from(files.get("usr/lib/python3/__pycache__/m.cpython-311.pyc")?.text ?? "", "latin1")
    expect([bytecode.readUInt32LE(8), bytecode.toString("latin1", 12)]).toEqual([315_532_800, "sizecode"])
    expect(files.get("var/lib/dpkg/status")?.text).toContain("Package: noisy\nStatus: install ok installed")
    expect(files.get("etc/apt/sources.list.d/test.sources")?.text).toMatch(
      /^Types: deb\nURIs: .*\nSuites: test\nComponents: main\nTrusted: yes\n$/,
    )
    expect(made.image.config).toMatchObject({
      User: "1000:100",
      Entrypoint: ["tini", "-g", "--"],
      WorkingDir: "/home/jovyan",
      Env: expect.arrayContaining(["LANG=C.UTF-8", "LC_ALL=C.UTF-8", "HOME=/home/jovyan"]),
    })
  })

  test("gives the same bytes in another folder, with another umask, environment and number of cores", async () => {
    const step = await bootstrapStep(apt.host, ["noisy"], "test")
    const first = await built(step)
    const elsewhere = join(folder, "else where")
    await plain.files.makeDirectory(elsewhere)
    const before = process.umask(0o077)
    try {
      const second = await built(step, { TMPDIR: elsewhere, TZ: "America/New_York", LC_ALL: "C", HOME: "/nonexistent" })
      expect(plainly(await filesOf(second))).toEqual(plainly(await filesOf(first)))
      expect(second.digest).toBe(first.digest)
    } finally {
      process.umask(before)
    }
    // Nothing is left of the runs.
    expect(await plain.files.list(elsewhere)).toEqual([])
  })

  test("installs what is locked although the mirror has something newer", async () => {
    const step = await bootstrapStep(apt.host, ["noisy"], "test")
    await apt.publish([...basePackages, noisy, quiet, { ...quiet, version: "1.1" }])
    const { image: _image, ...made } = await built(step)
    expect((await filesOf({ image: _image, ...made })).get("var/lib/dpkg/status")?.text).toMatch(
      /Package: quiet\n(?:.*\n)*?Version: 1\.0\n/,
    )
    expect(await resolveDebian({ suite: "test", packages: ["quiet"], platform }, apt.host)).toContainEqual({
      name: "quiet",
      version: "1.1",
    })
  })

  test("a version that is gone says which, and what to do", async () => {
    const step = await bootstrapStep(apt.host, ["noisy"], "test")
    await apt.publish([
      ...basePackages.slice(1),
      { name: "nbbase", version: "1.1", essential: true },
      noisy,
      { ...quiet, version: "1.1" },
    ])
    const job = plainJob({ store: newStore(), repository: "base" }, { platform })
    await expect(mmdebstrapEngine(apt.host).execute(step, job)).rejects.toMatchObject({
      code: "no",
      message: "Cannot build `base`: the Debian mirrors no longer have nbbase 1.0, quiet 1.0",
      hint: expect.stringContaining("nbstacks lock --upgrade"),
    })
  })

  test("a lock that lacks a dependency installs nothing beside it", async () => {
    const whole = await bootstrapStep(apt.host, ["noisy"], "test")
    const step = { ...whole, locked: whole.locked.filter(({ name }) => name !== "quiet") }
    const job = plainJob({ store: newStore(), repository: "base" }, { platform })
    await expect(mmdebstrapEngine(apt.host).execute(step, job)).rejects.toMatchObject({ code: "no" })
  })

  test("options of apt cannot come in by a lock", async () => {
    const whole = await bootstrapStep(apt.host, [], "test")
    const job = plainJob({ store: newStore(), repository: "base" }, { platform })
    for (const bad of [
      { name: "-oDir::Etc=/", version: "1.0" },
      { name: "quiet", version: "1.0,other" },
    ])
      await expect(
        mmdebstrapEngine(apt.host).execute({ ...whole, locked: [...whole.locked, bad] }, job),
      ).rejects.toMatchObject({ code: "cannot" })
  })

  test("splits a root that is larger than a layer may be, each file once, packages whole", async () => {
    const big = (name: string): TestPackage => ({
      name,
      version: "1.0",
      files: { [`/usr/share/${name}/data`]: name.repeat(400_000) },
    })
    await apt.publish([...basePackages, big("one"), big("two"), big("three"), quiet])
    const whole = await bootstrapStep(apt.host, ["one", "two", "three", "quiet"], "test")
    const single = await built(whole)
    const several = await built({ ...whole, budget: { layer: 8_000_000, layers: 20 } })
    expect(single.image.layers).toHaveLength(1)
    expect(several.image.layers.length).toBeGreaterThan(2)
    const [left, right] = [await filesOf(single), await filesOf(several)]
    expect(plainly(right)).toEqual(plainly(left))
    expect(right.get("var/lib/dpkg/info/one.list")?.layer).toBe(right.get("usr/share/one/data")?.layer)
    await expect(built({ ...whole, budget: { layer: 8_000_000, layers: 1 } })).rejects.toMatchObject({ code: "no" })
  })

  test("ends mmdebstrap when it is interrupted, and leaves nothing", async () => {
    const step = await bootstrapStep(apt.host, ["noisy"], "test")
    const temporary = join(folder, "interrupted")
    await plain.files.makeDirectory(temporary)
    const abort = new AbortController()
    const host = makeHost({ ...apt.host.env, TMPDIR: temporary })
    const job = plainJob(
      { store: newStore(), repository: "base" },
      {
        platform,
        signal: abort.signal,
        report: (event) => void (event.kind === "output" && event.line.includes("installing") && abort.abort()),
      },
    )
    await expect(mmdebstrapEngine(host).execute(step, job)).rejects.toThrow("aborted")
    expect(await plain.files.list(temporary)).toEqual([])
    expect(await plain.files.readText("/proc/mounts")).not.toContain(temporary)
  })

  test("other platforms and steps are refused with a reason", async () => {
    const engine = mmdebstrapEngine(apt.host)
    const step = await bootstrapStep(apt.host, [], "test")
    expect(await engine.can(step, "linux/s390x")).toMatchObject({
      no: expect.stringContaining("linux/s390x"),
      hint: expect.stringContaining("qemu"),
    })
    expect(await engine.can({ kind: "config", format: 1, env: {}, labels: {} }, platform)).toHaveProperty("no")
    const without = mmdebstrapEngine(makeHost({ ...apt.host.env, PATH: "/nonexistent" }))
    expect(await without.can(step, platform)).toEqual({
      no: "mmdebstrap is not installed",
      hint: "Install it: `apt-get install mmdebstrap`",
    })
  })
})
