import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import { normaliseName } from "../../src/environment/names.ts"
import { compareVersions } from "../../src/evidence/compare/versions.ts"
import { serveStore, type StoreServer } from "../../src/oci/store/server/serve.ts"
import { findSyft, knownImage, type KnownImage } from "../support/known-image.ts"
import { packagesRecipe, rpmVersions } from "../support/packages-recipe.ts"
import { compareWithSyft, syftPage, unlisted } from "../support/syft-differences.ts"
import { openSandbox, type Sandbox } from "../support/sandbox.ts"

const host = makeHost(process.env)
await findSyft(host)
let known: KnownImage
let server: StoreServer
let sandbox: Sandbox
let packages: readonly Package[]
let layers: readonly { readonly createdBy: string }[]

type Package = Readonly<Record<"ecosystem" | "name" | "version" | "path", string>> &
  Readonly<
    Partial<Record<"architecture" | "build" | "licence" | "installer" | "origin" | "vendor" | "url", string>>
  > & {
    readonly layer: number
    readonly requested?: boolean
  }

beforeAll(async () => {
  known = await knownImage(host, packagesRecipe(host))
  server = await serveStore(known.store, host, { port: 0 })
  sandbox = await openSandbox(host)
  const { code, stdout, stderr } = await sandbox.nbstacks("inspect", image(), "--json")
  if (code !== 0) throw new Error(stderr)
  const found = JSON.parse(stdout) as { packages: typeof packages; layers: typeof layers }
  packages = found.packages
  layers = found.layers
}, 1_800_000)

afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
})

const image = (): string => `${server.address}/${known.repository}@${known.digest}`
const of = (ecosystem: string): readonly Package[] => packages.filter((one) => one.ecosystem === ecosystem)
/** Lines of a tool's answer, in order. */
const lines = (ask: string): readonly string[] => (known.said[ask] ?? "").trim().split("\n").toSorted()
const folder = (path: string, up: number): string => `/${path.split("/").slice(0, -up).join("/")}`

test("dpkg: what a later layer removed or purged is not there", () => {
  const said = lines("deb").flatMap((line) => {
    const [status = "", ...rest] = line.split("|")
    return status.trim() === "ii" ? [rest.slice(0, 3).join(" ")] : []
  })
  expect(
    of("deb")
      .map(({ name, version, architecture }) => `${name} ${version} ${architecture}`)
      .toSorted(),
  ).toEqual(said.toSorted())
  expect(lines("deb").find((line) => line.includes("|nano|"))).toMatch(/^rc /)
})

test("pip: of each environment, upgraded, uninstalled, shadowed for a user, in a folder that was replaced or is no environment's", () => {
  const said = ["system", "user", "env", "other", "moved", "rattler", "target", "ofConda"].flatMap((ask) =>
    (JSON.parse(known.said[ask] ?? "") as Record<"name" | "version" | "location" | "installer", string>[]).map(
      ({ name, version, location, installer }) => `${location} ${normaliseName(name)} ${version} ${installer}`,
    ),
  )
  const ours = of("pypi").map(
    ({ name, version, path, installer = "" }) =>
      `${folder(path, path.endsWith(".egg-info") ? 1 : 2)} ${normaliseName(name)} ${version} ${installer}`,
  )
  expect(ours.toSorted()).toEqual([...new Set(said)].toSorted())
  expect(ours.filter((line) => line.includes(" six ")).length).toBe(3)
})

test("R: beside Debian's, newer in a later layer, removed, and in a user's own library", () => {
  expect(
    of("cran")
      .map(({ name, version, path }) => `${name}|${version}|${folder(path, 2)}`)
      .toSorted(),
  ).toEqual([...new Set([...lines("r"), ...lines("rOfUser")])].toSorted())
})

type Node = {
  readonly name?: string
  readonly version?: string
  readonly path?: string
  readonly dependencies?: Readonly<Record<string, Node>>
}

test("npm: global packages and all that they bring", () => {
  const said = new Set<string>()
  const visit = ({ dependencies = {} }: Node): void => {
    for (const [name, one] of Object.entries(dependencies)) {
      if (one.version !== undefined) said.add(`${one.path} ${one.name ?? name} ${one.version}`)
      visit(one)
    }
  }
  visit(JSON.parse(known.said["npm"] ?? "") as Node)
  const below = (path: string): boolean => path.startsWith("usr/lib/node_modules/")
  const ours = of("npm").filter(({ path }) => below(path))
  expect(ours.map(({ name, version, path }) => `${folder(path, 1)} ${name} ${version}`).toSorted()).toEqual(
    [...said].toSorted(),
  )
  expect(said.has("/usr/lib/node_modules/left-pad left-pad 1.3.0")).toBe(true)
})

test("conda: newer in a later layer, and removed with the Python package that it brought; asked for or not", () => {
  expect(
    of("conda")
      .map(({ name, version, build, architecture, requested, url }) =>
        [name, version, build, architecture, requested === true ? "True" : "False", url].join("|"),
      )
      .toSorted(),
  ).toEqual(lines("conda"))
  expect(of("conda").map(({ name, requested }) => [name, requested])).toEqual([
    ["greeting", true],
    ["manners", false],
  ])
  expect(packages.filter(({ name }) => name === "parting")).toEqual([])
})

test("who asked for it, and where it came from, as apt, pip and npm say", async () => {
  expect(of("deb").flatMap(({ name, requested }) => (requested === true ? [name] : []))).toEqual(lines("manual"))
  type Inspected = {
    metadata: Record<"name" | "version", string>
    metadata_location: string
    requested: boolean
    direct_url?: { url: string }
  }
  const inspected = JSON.parse(`[${known.said["requested"]}]`) as { installed: Inspected[] }[]
  const said = inspected.flatMap(({ installed }) =>
    installed.map((one) => [one.metadata_location, one.requested, one.direct_url?.url].join(" ")),
  )
  const ours = of("pypi").map(({ path, requested, origin }) => [folder(path, 1), requested === true, origin].join(" "))
  expect(ours).toEqual(expect.arrayContaining(said))
  expect(said.filter((line) => line.includes(" file:///context/"))).toHaveLength(1)
  const { dependencies } = JSON.parse(known.said["local"] ?? "") as {
    dependencies: Record<string, { resolved: string }>
  }
  const app = of("npm").filter(({ path }) => path.startsWith("srv/app/"))
  expect(app.map(({ name, url }) => [name, url])).toEqual([["left-pad", dependencies["left-pad"]?.resolved]])
  const why = async (name: string): Promise<string> =>
    (await sandbox.nbstacks("inspect", image(), "--why", name)).stdout
  expect(await why("librpm9")).toMatch(/^librpm9 .* {2}\(deb\)\n[^]*\n {2}asked for +no, another package needs it\n/)
  expect(await why("greeting")).toMatch(
    /\n {2}asked for +yes, by its name\n[^]*\n {2}as +file:\/\/\/tmp\/channel\/noarch\/greeting-2\.0-0\.tar\.bz2\n/,
  )
})

test("RPM: newer in a later layer, removed, and with an epoch; versions are ordered as RPM orders them", () => {
  expect(
    of("rpm")
      .map(({ name, version, architecture, licence, vendor, origin }) =>
        [name, version, architecture, licence, vendor, origin].join("|"),
      )
      .toSorted(),
  ).toEqual(lines("rpm"))
  const orders = [...(known.said["rpmOrder"] ?? "").matchAll(/-?\d/g)].map(([digit]) => Number(digit))
  const ours = rpmVersions.flatMap((a) => rpmVersions.map((b) => Math.sign(compareVersions("rpm", a, b))))
  expect(orders.length).toBe(rpmVersions.length ** 2)
  const shown = (all: readonly number[]): readonly string[] =>
    all.map((order, at) => {
      const [a, b] = [rpmVersions[Math.floor(at / rpmVersions.length)], rpmVersions[at % rpmVersions.length]]
      return `${a} ${["<", "=", ">"][order + 1]} ${b}`
    })
  expect(shown(ours)).toEqual(shown(orders))
})

test("each is of the layer that last changed it", () => {
  const step = (ecosystem: string, name: string, path: string): string | undefined =>
    layers[
      (packages.find((one) => one.ecosystem === ecosystem && one.name === name && one.path.startsWith(path))?.layer ??
        0) - 1
    ]?.createdBy
  expect(step("pypi", "six", "opt/env/")).toContain("six==1.17.0")
  expect(step("pypi", "toolz", "opt/env/")).toContain("six==1.16.0 toolz==0.12.1")
  expect(step("pypi", "attrs", "opt/other/")).toContain("rm -rf /opt/other")
  expect(step("npm", "left-pad", "usr/lib/")).toContain("left-pad-1.3.0")
  expect(step("npm", "@sindresorhus/is", "")).toContain("left-pad-1.1.0")
  expect(step("cran", "hello", "usr/local/")).toContain("/context/r/newer")
  expect(step("conda", "greeting", "")).toContain("greeting==2.0")
  expect(step("rpm", "nbtest-one", "")).toContain("--install")
  expect(step("rpm", "nbtest-two", "")).toContain("--upgrade")
  expect(step("deb", "libc6", "")).toContain("nbstacks bootstrap")
})

test("--why says the same for programs", async () => {
  const { stdout } = await sandbox.nbstacks("inspect", image(), "--why", "toolz", "--json")
  const { found } = JSON.parse(stdout) as { found: (Package & { kind: string })[] }
  expect(found).toEqual(packages.filter(({ name }) => name === "toolz").map((one) => ({ ...one, kind: "package" })))
})

test("syft finds the same but for what the page of differences says", async () => {
  const compared = compareWithSyft(
    packages.map((one) => ({ ...one, path: `/${one.path}` })),
    known.syft,
  )
  expect(unlisted("packages", compared)).toEqual({ unlisted: [], unused: [] })
  expect(compared.both).toBeGreaterThan(400)
  const page = fileURLToPath(new URL("../../docs/reference/differences-from-syft.md", import.meta.url))
  if (process.env["NBSTACKS_UPDATE"] === "1") await host.files.write(page, syftPage())
  expect(await host.files.readText(page)).toBe(syftPage())
})
