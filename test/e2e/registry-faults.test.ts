import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import type { Host } from "../../src/host/host.ts"
import { makeHost } from "../../src/host/node/host.ts"
import { digestOf } from "../../src/oci/digest.ts"
import { mediaTypes } from "../../src/oci/media-types.ts"
import { fallbackTag } from "../../src/oci/store/registry/referrers.ts"
import { openRegistry } from "../../src/oci/store/registry/registry.ts"
import type { Store } from "../../src/oci/store/store.ts"
import { startFaultProxy, type FaultProxy } from "../support/fault-proxy.ts"
import { bytesOf, makeBlob, pushImage, sourceOf, type Blob } from "../support/images.ts"
import { startRegistry, type RunningRegistry } from "../support/registry.ts"

const real = makeHost(process.env)
const slept: number[] = []
/** Waits for nothing, and writes down how long it should have. */
const host: Host = {
  ...real,
  sleep: (milliseconds, signal) => {
    signal?.throwIfAborted()
    slept.push(milliseconds)
    return Promise.resolve()
  },
}

let registry: RunningRegistry
let proxy: FaultProxy
let direct: Store
let store: Store

beforeAll(async () => {
  registry = await startRegistry(real)
  direct = openRegistry(registry.address, real)
})
afterAll(async () => await registry[Symbol.asyncDispose]())
beforeEach(async () => {
  proxy = await startFaultProxy(real, registry.address)
  store = openRegistry(proxy.address, host)
  slept.length = 0
  return async () => await proxy[Symbol.asyncDispose]()
})

const asked = (method: string): readonly string[] =>
  proxy.seen.filter((request) => request.method === method).map(({ target }) => target)

describe("what passes", () => {
  test("a 429 is waited for as long as the registry asks", async () => {
    const image = await pushImage(direct, "limits")
    proxy.fault = (_, time) => (time < 2 ? { kind: "answer", status: 429, headers: { "retry-after": "7" } } : undefined)
    expect(await store.headManifest("limits", image.descriptor.digest)).toEqual(image.descriptor)
    expect(slept).toEqual([7000, 7000])
    proxy.fault = () => ({ kind: "answer", status: 429, headers: { "retry-after": "3600" } })
    await expect(store.has("limits", image.descriptor.digest)).rejects.toMatchObject({
      code: "temporary",
      hint: "The registry asks to wait 3600 s",
    })
    expect(slept).toHaveLength(2)
  })

  test("a registry that stays down is asked a bounded number of times, less often each time", async () => {
    proxy.fault = () => ({ kind: "answer", status: 503, body: "down for \u001b[31mmaintenance" })
    const failing = store.readManifest("down", "latest")
    await expect(failing).rejects.toMatchObject({
      code: "temporary",
      message: expect.stringContaining("503") as string,
    })
    expect(proxy.seen).toHaveLength(6)
    expect(slept).toHaveLength(5)
    slept.forEach((pause, index) => {
      expect(pause).toBeGreaterThanOrEqual(250 * 2 ** index)
      expect(pause).toBeLessThanOrEqual(500 * 2 ** index)
    })
    const nobody = openRegistry("127.0.0.1:1", host)
    await expect(nobody.readManifest("down", "latest")).rejects.toMatchObject({ code: "temporary" })
  })

  test("connections that break before, within and after an answer are tried again", async () => {
    const image = await pushImage(direct, "breaks")
    const { digest } = image.descriptor
    proxy.fault = ({ method }, time) => {
      if (time === 0) return method === "PUT" ? { kind: "drop", forwarded: true } : { kind: "drop" }
      return method === "GET" && time === 1 ? { kind: "truncate", after: 10 } : undefined
    }
    expect(Buffer.from((await store.readManifest("breaks", digest))?.bytes ?? []).equals(image.bytes)).toBe(true)
    expect(asked("GET")).toHaveLength(3)
    const other = await pushImage(direct, "breaks")
    expect(await store.writeManifest("breaks", other.bytes, mediaTypes.ociManifest)).toBe(other.descriptor.digest)
    expect(asked("PUT")).toHaveLength(2)
  })

  test("a download is taken up where it broke", async () => {
    const blob = makeBlob(2_000_000)
    await direct.writeBlob("resume", blob.descriptor, sourceOf(blob.bytes))
    proxy.fault = (_, time) => (time < 3 ? { kind: "truncate", after: 500_000 } : undefined)
    expect((await bytesOf(store.read("resume", blob.descriptor.digest))).equals(blob.bytes)).toBe(true)
    const ranges = proxy.seen.map(({ headers }) => headers["range"])
    expect(ranges).toEqual([undefined, "bytes=500000-", "bytes=1000000-", "bytes=1500000-"])
    const part = await bytesOf(store.read("resume", blob.descriptor.digest, [100, 1_999_998]))
    expect(part.equals(blob.bytes.subarray(100, 1_999_999))).toBe(true)
  })

  test("a registry that knows no ranges is read from its start again", async () => {
    const blob = makeBlob(1_000_000)
    await direct.writeBlob("whole", blob.descriptor, sourceOf(blob.bytes))
    let broken = false
    proxy.fault = () => {
      if (broken) return { kind: "headers", request: { range: undefined } }
      broken = true
      return { kind: "truncate", after: 700_000 }
    }
    expect((await bytesOf(store.read("whole", blob.descriptor.digest))).equals(blob.bytes)).toBe(true)
    const part = await bytesOf(store.read("whole", blob.descriptor.digest, [10, 600_000]))
    expect(part.equals(blob.bytes.subarray(10, 600_001))).toBe(true)
  })

  test("a download that always breaks ends", async () => {
    const blob = makeBlob(100_000)
    await direct.writeBlob("never", blob.descriptor, sourceOf(blob.bytes))
    proxy.fault = () => ({ kind: "drop" })
    await expect(bytesOf(store.read("never", blob.descriptor.digest))).rejects.toMatchObject({ code: "temporary" })
    proxy.fault = () => ({ kind: "truncate", after: 1 })
    await expect(bytesOf(store.read("never", blob.descriptor.digest))).rejects.toMatchObject({ code: "temporary" })
    expect(proxy.seen.length).toBeLessThan(50)
  })
})

describe("uploads", () => {
  test("a broken upload begins again, and what arrived although its answer was lost is not sent twice", async () => {
    const [one, two] = [makeBlob(1_000_000), makeBlob(1_000_000)]
    let broken = 0
    let sources = 0
    const source = (blob: Blob) => (): AsyncIterable<Uint8Array> => {
      sources += 1
      return sourceOf(blob.bytes)()
    }
    proxy.fault = ({ method }) => (method === "PUT" && ++broken === 1 ? { kind: "drop" } : undefined)
    await store.writeBlob("uploads", one.descriptor, source(one))
    expect([sources, asked("POST").length]).toEqual([2, 2])

    broken = 0
    proxy.fault = ({ method }) => (method === "PUT" && ++broken === 1 ? { kind: "drop", forwarded: true } : undefined)
    await store.writeBlob("uploads", two.descriptor, source(two))
    expect([sources, asked("POST").length]).toEqual([3, 3])
    for (const { descriptor, bytes } of [one, two]) {
      expect((await bytesOf(direct.read("uploads", descriptor.digest))).equals(bytes)).toBe(true)
    }
  })

  test("a registry that refuses a blob in one piece gets chunks, at once the next time", async () => {
    const [one, two] = [makeBlob(9_000_000), makeBlob(5_000_000)]
    proxy.fault = ({ method, headers }) =>
      method === "PUT" && headers["content-length"] !== "0" ? { kind: "answer", status: 413 } : undefined
    await store.writeBlob("chunks", one.descriptor, sourceOf(one.bytes))
    const ranges = proxy.seen.filter(({ method }) => method === "PATCH").map(({ headers }) => headers["content-range"])
    expect(ranges).toEqual(["0-4194303", "4194304-8388607", "8388608-8999999"])
    expect(asked("PUT")).toHaveLength(2)
    await store.writeBlob("chunks", two.descriptor, sourceOf(two.bytes))
    expect(asked("PUT")).toHaveLength(3)
    for (const { descriptor, bytes } of [one, two]) {
      expect((await bytesOf(direct.read("chunks", descriptor.digest))).equals(bytes)).toBe(true)
    }
  })

  test("a proxy that cuts what is sent in one piece gets chunks, and a lost chunk begins again", async () => {
    const blob = makeBlob(6_000_000)
    let patches = 0
    proxy.fault = ({ method, headers }) => {
      if (method === "PUT" && headers["content-length"] !== "0") return { kind: "drop" }
      return method === "PATCH" && ++patches === 2 ? { kind: "drop" } : undefined
    }
    await store.writeBlob("cut", blob.descriptor, sourceOf(blob.bytes))
    expect(patches).toBe(4)
    expect((await bytesOf(direct.read("cut", blob.descriptor.digest))).equals(blob.bytes)).toBe(true)
  })

  test("a registry that refuses before it has read all is not sent the rest", async () => {
    const chunk = new Uint8Array(1024 * 1024)
    const size = 16 * 1024 ** 3
    let sent = 0
    let closed = false
    const source = async function* (): AsyncIterable<Uint8Array> {
      try {
        for (; sent < size; sent += chunk.length) yield chunk
      } finally {
        closed = true
      }
    }
    proxy.fault = ({ method }) => (method === "PUT" ? { kind: "answer", status: 403 } : undefined)
    const refused = store.writeBlob("refused", { mediaType: "a/b", digest: digestOf("x"), size }, source)
    await expect(refused).rejects.toMatchObject({ code: "credentials" })
    await expect.poll(() => closed).toBe(true)
    expect(sent).toBeLessThan(size)
  })

  test("a mount that is refused becomes an upload", async () => {
    const blob = makeBlob(10_000)
    await direct.writeBlob("mounts/from", blob.descriptor, sourceOf(blob.bytes))
    proxy.fault = ({ target }) =>
      target.includes("mount=") ? { kind: "answer", status: 403, body: '{"errors":[{"code":"DENIED"}]}' } : undefined
    await store.writeBlob("mounts/to", blob.descriptor, sourceOf(blob.bytes), { from: "mounts/from" })
    expect(asked("PUT")).toHaveLength(1)
  })

  test("no more than a few requests are under way at a time", async () => {
    await Promise.all(Array.from({ length: 100 }, (_, index) => store.has("crowd", digestOf(String(index)))))
    expect(proxy.seen).toHaveLength(100)
    expect(proxy.most).toBeLessThanOrEqual(6)
    const blobs = Array.from({ length: 20 }, () => makeBlob(300_000))
    await Promise.all(blobs.map(({ descriptor, bytes }) => store.writeBlob("crowd", descriptor, sourceOf(bytes))))
    expect(proxy.most).toBeLessThanOrEqual(16)
  })
})

describe("what is wrong", () => {
  test("other bytes than were asked for are refused", async () => {
    const layer = makeBlob(100_000)
    const image = await pushImage(direct, "wrong", { layer })
    await direct.tag("wrong", "v1", image.descriptor.digest)
    proxy.fault = () => ({ kind: "corrupt", part: "body" })
    await expect(bytesOf(store.read("wrong", layer.descriptor.digest))).rejects.toMatchObject({ code: "cannot" })
    await expect(store.readManifest("wrong", image.descriptor.digest)).rejects.toMatchObject({ code: "cannot" })
    await expect(store.readManifest("wrong", "v1")).rejects.toMatchObject({ code: "cannot" })
    proxy.fault = () => ({ kind: "corrupt", part: "digest" })
    await expect(store.readManifest("wrong", "v1")).rejects.toMatchObject({ code: "cannot" })
    await expect(store.writeManifest("wrong", image.bytes, mediaTypes.ociManifest)).rejects.toMatchObject({
      code: "cannot",
    })
    proxy.fault = () => ({ kind: "headers", response: { "content-type": mediaTypes.ociIndex } })
    await expect(store.readManifest("wrong", "v1")).rejects.toMatchObject({
      message: expect.stringContaining("calls itself") as string,
    })
  })

  test("answers without an end, or of another form, are refused", async () => {
    const large = Buffer.alloc(5 * 1024 * 1024, "x")
    proxy.fault = () => ({
      kind: "answer",
      status: 200,
      headers: { "content-type": mediaTypes.ociManifest },
      body: large,
    })
    await expect(store.readManifest("hostile", "x")).rejects.toMatchObject({ code: "cannot" })
    proxy.fault = () => ({
      kind: "answer",
      status: 200,
      headers: { "content-type": "text/html" },
      body: "<html>Log in</html>",
    })
    await expect(store.readManifest("hostile", "x")).rejects.toMatchObject({ code: "cannot" })
    await expect(bytesOf(store.read("hostile", digestOf("x")))).rejects.toMatchObject({ code: "cannot" })
    proxy.fault = ({ target }) => ({ kind: "answer", status: 302, headers: { location: `${target}x` } })
    await expect(store.readManifest("hostile", "x")).rejects.toMatchObject({ code: "cannot" })
    expect(proxy.seen.length).toBeLessThan(20)
    const body = JSON.stringify({ errors: [{ code: "DENIED", message: "\u001b]0;owned\u0007 no" }] })
    proxy.fault = () => ({ kind: "answer", status: 403, body })
    const denied = await store.readManifest("hostile", "x").catch((error: unknown) => error)
    expect(String(denied)).toContain("DENIED: ]0;owned no")
    expect(String(denied)).not.toContain("\u001b")
  })

  test("an abort ends waiting and reading with its reason", async () => {
    const stop = new AbortController()
    const mine = openRegistry(proxy.address, real, { signal: stop.signal })
    proxy.fault = () => ({ kind: "answer", status: 503, headers: { "retry-after": "100" } })
    const waiting = mine.readManifest("abort", "x")
    await expect.poll(() => proxy.seen.length).toBe(1)
    const reason = new Error("Ctrl-C")
    stop.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    await expect(mine.has("abort", digestOf("x"))).rejects.toBe(reason)
    await expect(bytesOf(mine.read("abort", digestOf("x")))).rejects.toBe(reason)
  })
})

describe("others at the same time", () => {
  test("a tag that somebody else moves is noticed", async () => {
    const [one, two] = [
      (await pushImage(direct, "race")).descriptor.digest,
      (await pushImage(direct, "race")).descriptor.digest,
    ]
    await direct.tag("race", "stable", one)
    proxy.fault = ({ method, target }) =>
      method === "PUT" && target.endsWith("/stable")
        ? { kind: "meanwhile", after: () => direct.tag("race", "stable", one) }
        : undefined
    await expect(store.tag("race", "stable", two, one)).rejects.toMatchObject({
      code: "no",
      message: expect.stringContaining(one) as string,
    })
    expect((await direct.headManifest("race", "stable"))?.digest).toBe(one)
  })

  test("a tag that the registry keeps as it is fails with no", async () => {
    const [one, two] = [
      (await pushImage(direct, "immutable")).descriptor.digest,
      (await pushImage(direct, "immutable")).descriptor.digest,
    ]
    await direct.tag("immutable", "v1", one)
    const body = JSON.stringify({
      errors: [{ code: "TAG_INVALID", message: "The image tag 'v1' already exists and is immutable" }],
    })
    proxy.fault = ({ method }) => (method === "PUT" ? { kind: "answer", status: 400, body } : undefined)
    await expect(store.tag("immutable", "v1", two)).rejects.toMatchObject({ code: "no" })
  })

  test("an entry of the fallback list that another writer lost is written again", async () => {
    const subject = (await pushImage(direct, "lists")).descriptor
    const [theirs, ours] = [
      await pushImage(direct, "lists", { subject }),
      await pushImage(direct, "lists", { subject }),
    ]
    await direct.attach("lists", subject.digest, [theirs.bytes])
    const tag = fallbackTag(subject.digest)
    const before = (await direct.readManifest("lists", tag))?.descriptor.digest ?? digestOf("")
    proxy.fault = ({ method, target }, time) =>
      method === "PUT" && target.endsWith(tag) && time === 0
        ? { kind: "meanwhile", after: () => direct.tag("lists", tag, before) }
        : undefined
    await store.attach("lists", subject.digest, [ours.bytes])
    const found = (await direct.referrers("lists", subject.digest)).map(({ digest }) => digest)
    expect(new Set(found)).toEqual(new Set([theirs.descriptor.digest, ours.descriptor.digest]))
  })

  test("a registry that echoes a subject without having the API gets the fallback tag, as one that sends us to log in", async () => {
    const subject = (await pushImage(direct, "echo")).descriptor
    const one = await pushImage(direct, "echo", { subject })
    proxy.fault = ({ method, target }) => {
      if (method === "PUT") return { kind: "headers", response: { "oci-subject": subject.digest } }
      if (target.includes("/referrers/")) return { kind: "answer", status: 302, headers: { location: "/login" } }
      return target === "/login"
        ? { kind: "answer", status: 200, headers: { "content-type": "text/html" }, body: "<html>" }
        : undefined
    }
    await store.attach("echo", subject.digest, [one.bytes])
    expect(await direct.readManifest("echo", fallbackTag(subject.digest))).toBeDefined()
    expect((await store.referrers("echo", subject.digest)).map(({ digest }) => digest)).toEqual([one.descriptor.digest])
  })
})
