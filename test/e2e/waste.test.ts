import { afterAll, beforeAll, expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import { serveStore } from "../../src/oci/store/server/serve.ts"
import { findSyft, knownImage } from "../support/known-image.ts"
import { openSandbox, type Sandbox } from "../support/sandbox.ts"

const host = makeHost(process.env)
await findSyft(host)
const packages = ["ca-certificates", "python3-venv"]
let sandbox: Sandbox

type Weight = {
  readonly layers: readonly { readonly createdBy: string }[]
  readonly hidden: readonly Readonly<Record<"layer" | "by" | "files" | "bytes", number> & { kind: string }>[]
  readonly leftBehind: readonly Readonly<Record<"layer" | "files" | "bytes", number> & { what: string }>[]
}

beforeAll(async () => {
  sandbox = await openSandbox(host)
})

afterAll(() => sandbox?.[Symbol.asyncDispose]())

/** What `inspect --layers` says of an image of `test/images`, for programs and for people, and what the image says of itself. */
async function weighed(
  name: string,
  asks: Readonly<Record<string, string>>,
): Promise<{ readonly weight: Weight; readonly text: string; readonly said: Readonly<Record<string, string>> }> {
  const known = await knownImage(host, { name, packages, asks })
  await using server = await serveStore(known.store, host, { port: 0 })
  const image = `${server.address}/${known.repository}@${known.digest}`
  const told = await sandbox.nbstacks("inspect", image, "--layers", "--json")
  const text = await sandbox.nbstacks("inspect", image, "--layers")
  expect([told.code, told.stderr, text.code, text.stderr]).toEqual([0, "", 0, ""])
  return { weight: JSON.parse(told.stdout) as Weight, text: text.stdout, said: known.said }
}

test("of an image of Docker Engine exactly the bytes are said that its steps waste, and by which steps", async () => {
  const orphan = "/srv/lib/__pycache__/gone.cpython-311.pyc"
  const { weight, text, said } = await weighed("waste", {
    orphan: `stat -c %s ${orphan}`,
    others: "stat -c %s /srv/lib/__pycache__/kept.cpython-311.pyc /srv/lib/kept.py",
  })
  const step = (at: number): string =>
    (weight.layers[at - 1]?.createdBy ?? "").replace(/^RUN \/bin\/sh -c /, "").slice(0, 12)
  expect(weight.hidden.map(({ layer, by, kind, files, bytes }) => [step(layer), step(by), kind, files, bytes])).toEqual(
    [
      ["mkdir /srv/m", "chmod -R a+w", "modes", 2, 500_000],
      ["mkdir /srv/m", "rm -rf /srv/", "removed", 1, 400_000],
      ["mkdir /srv/m", "chown -R 100", "modes", 1, 250_000],
      ["head -c 1600", "head -c 1700", "rewritten", 1, 160_000],
      ["mkdir /srv/m", "head -c 1600", "rewritten", 1, 150_000],
      ["mkdir /srv/m", "touch --refe", "copied", 1, 130_000],
    ],
  )
  expect(weight.leftBehind.map(({ what, layer, files, bytes }) => [what, step(layer), files, bytes])).toEqual([
    ["bytecode without its source", "mkdir /srv/l", 1, Number(said["orphan"])],
    ["pip's cache", "mkdir -p /ro", 1, 120_000],
  ])
  expect(Number(said["orphan"])).toBeGreaterThan(100_000)
  expect(text).toContain(
    "  500 kB  layer 3 copies 2 files of layer 2, most of them in /srv/mode, only to change modes or owners\n",
  )
})

test("of one whose steps waste nothing, nothing is said", async () => {
  const { weight, text } = await weighed("lean", {})
  expect([weight.hidden, weight.leftBehind]).toEqual([[], []])
  expect(text).toContain("\nNothing is hidden or left behind that would be worth a change.\n")
})
