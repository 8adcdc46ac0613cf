import { join } from "node:path"
import { expect, test } from "vitest"
import type { Host } from "../../src/host/host.ts"
import { makeHost } from "../../src/host/node/host.ts"
import { openRegistry } from "../../src/oci/store/registry/registry.ts"
import { makeCertificate } from "../support/certificate.ts"
import { startFakeTokenServer } from "../support/fake-token-server.ts"
import { startFaultProxy } from "../support/fault-proxy.ts"
import { bytesOf, makeBlob, pushImage, sourceOf } from "../support/images.ts"
import { registryLogin, startRegistry } from "../support/registry.ts"

const real = makeHost(process.env)

/** A host whose user has nothing but one folder, and programs in it. */
async function makeUser(): Promise<AsyncDisposable & { readonly host: Host; readonly folder: string }> {
  const folder = await real.files.makeTemporary("nbstacks-user-")
  const host = makeHost({ PATH: `${folder}:${real.env["PATH"]}`, HOME: folder, DOCKER_CONFIG: folder })
  return { host, folder, [Symbol.asyncDispose]: () => real.files.remove(folder) }
}

const basic = Buffer.from(`${registryLogin.username}:${registryLogin.password}`).toString("base64")

test("basic auth uses the login of Docker's file, and asks for one where there is none", async () => {
  await using registry = await startRegistry(real, { auth: { kind: "basic" } })
  await using user = await makeUser()
  const stranger = openRegistry(registry.address, user.host)
  await expect(pushImage(stranger, "basic")).rejects.toMatchObject({
    code: "credentials",
    hint: expect.stringContaining(`docker login ${registry.address}`) as string,
  })
  await user.host.files.write(
    join(user.folder, "config.json"),
    JSON.stringify({ auths: { "other.example": { auth: "eDp5" }, [registry.address]: { auth: basic } } }),
  )
  const requests: string[] = []
  const store = openRegistry(registry.address, user.host, { requests: ({ method }) => requests.push(method) })
  const image = await pushImage(store, "basic")
  expect(await store.headManifest("basic", image.descriptor.digest)).toEqual(image.descriptor)
  // HEAD, told to log in, HEAD, POST, PUT; then HEAD, POST, PUT; PUT; HEAD.
  expect(requests.join(" ")).toBe("HEAD HEAD POST PUT HEAD POST PUT PUT HEAD")
  const wrong = openRegistry(registry.address, user.host, { credentials: { ...registryLogin, password: "wrong" } })
  await expect(wrong.readManifest("basic", "latest")).rejects.toMatchObject({ code: "credentials" })
})

test("a credential helper is asked with the name of the registry", async () => {
  await using registry = await startRegistry(real, { auth: { kind: "basic" } })
  await using user = await makeUser()
  const helper = join(user.folder, "docker-credential-fake")
  const answer = JSON.stringify({ Username: registryLogin.username, Secret: registryLogin.password })
  await user.host.files.write(helper, `#!/bin/sh\ncat > "$HOME/asked"\nprintf '%s' '${answer}'\n`, { mode: 0o755 })
  await user.host.files.write(
    join(user.folder, "config.json"),
    JSON.stringify({ credHelpers: { [registry.address]: "fake" } }),
  )
  const image = await pushImage(openRegistry(registry.address, user.host), "helped")
  expect(image.descriptor.size).toBeGreaterThan(0)
  expect(await user.host.files.readText(join(user.folder, "asked"))).toBe(registry.address)

  await user.host.files.write(helper, "#!/bin/sh\necho the keyring is locked >&2\nexit 1\n", { mode: 0o755 })
  await expect(openRegistry(registry.address, user.host).readManifest("helped", "x")).rejects.toMatchObject({
    code: "credentials",
    detail: "the keyring is locked",
  })
  await user.host.files.write(
    join(user.folder, "config.json"),
    JSON.stringify({ credHelpers: { [registry.address]: "missing" } }),
  )
  await expect(openRegistry(registry.address, user.host).readManifest("helped", "x")).rejects.toMatchObject({
    code: "credentials",
    message: expect.stringContaining("docker-credential-missing") as string,
  })
  // A store for all that is gone is passed over, and the file counts.
  await user.host.files.write(
    join(user.folder, "config.json"),
    JSON.stringify({ credsStore: "missing", auths: { [`https://${registry.address}`]: { auth: basic } } }),
  )
  expect(await openRegistry(registry.address, user.host).readManifest("helped", "x")).toBeUndefined()
})

test("tokens are asked for once for a scope, renewed when they end, and for the source of a mount too", async () => {
  await using pem = await makeCertificate(real)
  await using tokens = await startFakeTokenServer(real, pem)
  await using registry = await startRegistry(real, { auth: tokens.auth })
  await using user = await makeUser()
  let ahead = 0
  const host: Host = { ...user.host, now: () => new Date(Date.now() + ahead) }
  const store = openRegistry(registry.address, host, { credentials: registryLogin })
  const layer = makeBlob(50_000)
  const image = await pushImage(store, "team/a", { layer })
  expect(tokens.asked).toEqual([{ method: "GET", scopes: ["repository:team/a:pull,push"], who: "jovyan" }])
  await bytesOf(store.read("team/a", layer.descriptor.digest))
  await store.readManifest("team/a", image.descriptor.digest)
  expect(tokens.asked).toHaveLength(1)

  await store.writeBlob(
    "team/b",
    layer.descriptor,
    () => {
      throw new Error("it is mounted, not sent")
    },
    { from: "team/a" },
  )
  expect(tokens.asked.map(({ scopes }) => scopes)).toEqual([
    ["repository:team/a:pull,push"],
    ["repository:team/b:pull,push"],
    ["repository:team/a:pull", "repository:team/b:pull,push"],
  ])
  tokens.oneRepository = true
  await store.writeBlob("team/c", layer.descriptor, sourceOf(layer.bytes), { from: "team/a" })
  expect(await store.has("team/c", layer.descriptor.digest)).toBe(true)
  const before = tokens.asked.length
  ahead = 10 * 60_000
  expect(await store.has("team/a", layer.descriptor.digest)).toBe(true)
  expect(tokens.asked).toHaveLength(before + 1)
})

test("a token that the registry takes no more is replaced, also in the middle of an upload", async () => {
  await using pem = await makeCertificate(real)
  await using tokens = await startFakeTokenServer(real, pem)
  await using registry = await startRegistry(real, { auth: tokens.auth })
  await using proxy = await startFaultProxy(real, registry.address)
  await using user = await makeUser()
  const store = openRegistry(proxy.address, user.host, { credentials: registryLogin })
  await pushImage(store, "expired")
  expect(tokens.asked).toHaveLength(1)
  // The registry has another clock: it refuses the PUT of the upload and then the POST of the next one.
  let refused = 0
  const old = proxy.seen.at(-1)?.headers["authorization"]
  proxy.fault = ({ method, headers }) => {
    if (method !== "PUT" && refused === 0) return undefined
    if (headers["authorization"] !== old) return undefined
    refused += 1
    const challenge = `Bearer realm="${tokens.auth.realm}",service="test-registry",scope="repository:expired:pull,push",error="invalid_token"`
    return { kind: "answer", status: 401, headers: { "www-authenticate": challenge }, body: "{}" }
  }
  const blob = makeBlob(300_000)
  await store.writeBlob("expired", blob.descriptor, sourceOf(blob.bytes))
  expect(refused).toBe(2)
  expect(tokens.asked).toHaveLength(2)
  expect(await store.has("expired", blob.descriptor.digest)).toBe(true)
})

test("without a login one reads what is public, and a refresh token is given for tokens", async () => {
  await using pem = await makeCertificate(real)
  await using tokens = await startFakeTokenServer(real, pem)
  await using registry = await startRegistry(real, { auth: tokens.auth })
  await using user = await makeUser()
  await user.host.files.write(
    join(user.folder, "config.json"),
    JSON.stringify({ auths: { [registry.address]: { auth: "amV0c2FtOg==", identitytoken: "a-refresh-token" } } }),
  )
  const image = await pushImage(openRegistry(registry.address, user.host), "public")
  expect(tokens.asked).toEqual([{ method: "POST", scopes: ["repository:public:pull,push"], who: "jovyan" }])

  await using stranger = await makeUser()
  const store = openRegistry(registry.address, stranger.host)
  expect(await store.headManifest("public", image.descriptor.digest)).toEqual(image.descriptor)
  await expect(pushImage(store, "public")).rejects.toMatchObject({ code: "credentials" })
  const wrong = openRegistry(registry.address, stranger.host, { credentials: { kind: "identity", token: "stolen" } })
  await expect(wrong.readManifest("public", "x")).rejects.toMatchObject({
    code: "credentials",
    hint: expect.stringContaining("not valid any more") as string,
  })
})

test("a login never goes to another origin, by redirect, upload location or token realm", async () => {
  await using registry = await startRegistry(real, { auth: { kind: "basic" } })
  await using proxy = await startFaultProxy(real, registry.address)
  const storage = makeBlob(200_000)
  let expired = false
  const seenElsewhere: (string | undefined)[] = []
  await using elsewhere = await real.serve(
    (request) => {
      seenElsewhere.push(request.headers["authorization"])
      return Promise.resolve({ status: expired ? 403 : 200, body: expired ? "AccessDenied" : storage.bytes })
    },
    { port: 0 },
  )
  const store = openRegistry(proxy.address, real, { credentials: registryLogin })
  await store.writeBlob("redirect", storage.descriptor, sourceOf(storage.bytes))

  const redirectTo = (location: string): void => {
    proxy.fault = ({ method, target }) =>
      method === "GET" && target.includes("/blobs/")
        ? { kind: "answer", status: 307, headers: { location } }
        : undefined
  }
  redirectTo(`http://127.0.0.1:${elsewhere.port}/storage`)
  expect((await bytesOf(store.read("redirect", storage.descriptor.digest))).equals(storage.bytes)).toBe(true)
  expect(seenElsewhere).toEqual([undefined])

  // A signature that has run out is no matter of our login: the registry is asked for a new one.
  proxy.fault = ({ method, target }, time) =>
    method === "GET" && target.includes("/blobs/") && time < 3
      ? { kind: "answer", status: 307, headers: { location: `http://127.0.0.1:${elsewhere.port}/expired` } }
      : undefined
  expired = true
  const patient = openRegistry(
    proxy.address,
    { ...real, sleep: () => Promise.resolve() },
    { credentials: registryLogin },
  )
  expect((await bytesOf(patient.read("redirect", storage.descriptor.digest))).equals(storage.bytes)).toBe(true)
  expect(seenElsewhere).toEqual([undefined, undefined, undefined])
  seenElsewhere.length = 1

  // Another name of this machine is this machine, but no origin of the login.
  expired = false
  redirectTo(`http://localhost:${elsewhere.port}/storage`)
  expect((await bytesOf(store.read("redirect", storage.descriptor.digest))).equals(storage.bytes)).toBe(true)
  expect(seenElsewhere).toEqual([undefined, undefined])
  seenElsewhere.length = 1

  for (const location of [
    "http://storage.example/blob",
    "https://10.0.0.7/blob",
    "https://[::ffff:127.0.0.1]/blob",
    "https://user:secret@storage.example/blob",
    "file:///etc/passwd",
  ]) {
    redirectTo(location)
    const refused = await bytesOf(store.read("redirect", storage.descriptor.digest)).catch((error: unknown) => error)
    expect({ location, refused }).toMatchObject({ location, refused: { code: "cannot" } })
  }
  expect(seenElsewhere).toEqual([undefined])

  proxy.fault = ({ method }) =>
    method === "POST" ? { kind: "answer", status: 202, headers: { location: "https://192.168.1.1/upload" } } : undefined
  const blob = makeBlob(1000)
  await expect(store.writeBlob("redirect", blob.descriptor, sourceOf(blob.bytes))).rejects.toMatchObject({
    code: "cannot",
  })

  const challenge = `Bearer realm="http://storage.example/token",service="x"`
  proxy.fault = () => ({ kind: "answer", status: 401, headers: { "www-authenticate": challenge }, body: "" })
  const fresh = openRegistry(proxy.address, real, { credentials: registryLogin })
  await expect(fresh.readManifest("redirect", "x")).rejects.toMatchObject({ code: "cannot" })
  expect(seenElsewhere).toEqual([undefined])
})

test("TLS is verified, and plain HTTP where TLS is expected is named", async () => {
  await using pem = await makeCertificate(real)
  await using secure = await startRegistry(real, { tls: pem })
  await using plain = await startRegistry(real)
  const untrusted = openRegistry(`https://${secure.address}`, real)
  await expect(untrusted.readManifest("x", "y")).rejects.toMatchObject({
    code: "cannot",
    hint: expect.stringContaining("NODE_EXTRA_CA_CERTS") as string,
  })
  const mistaken = openRegistry(plain.address, real, { plainHttp: false })
  await expect(mistaken.readManifest("x", "y")).rejects.toMatchObject({
    code: "cannot",
    hint: expect.stringContaining(`http://${plain.address}`) as string,
  })
  // Whoever trusts the authority gets through: only a new process reads what to trust.
  const program = `
    import { makeHost } from "${import.meta.dirname}/../../src/host/node/host.ts"
    import { openRegistry } from "${import.meta.dirname}/../../src/oci/store/registry/registry.ts"
    const store = openRegistry("https://${secure.address}", makeHost(process.env))
    console.log(await store.readManifest("x", "y"))`
  const trusting = await real.run({
    argv: [process.execPath, "--input-type=module-typescript", "-e", program],
    env: { ...real.env, NODE_EXTRA_CA_CERTS: pem.certificate },
  })
  expect(trusting).toMatchObject({ code: 0, stdout: "undefined\n" })
})
