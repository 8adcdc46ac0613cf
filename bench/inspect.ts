import { join } from "node:path"
import type { Host } from "../src/host/host.ts"
import { startDocker } from "../test/support/docker.ts"
import { installGo } from "../test/support/go-install.ts"
import { syftTool } from "../test/support/known-image.ts"
import { openSandbox, program, type Sandbox } from "../test/support/sandbox.ts"
import { readInputs, type Inputs } from "./layers/inputs.ts"
import { openOurs } from "./layers/ours.ts"
import { openPeer } from "./layers/peers.ts"
import { compared } from "./layers/rows.ts"
import { openYard, type Yard } from "./layers/yard.ts"
import { measure, summary, type Measured, type Run } from "./measure.ts"

const runs = 5

/**
 * Packages of an image in a registry on loopback: never seen, then of one that shares all but a layer, then the difference of both.
 * syft, which keeps nothing, reads each anew; both know where it is and nothing else. Then the same environment as one layer.
 */
export async function inspect(host: Host): Promise<readonly Measured[]> {
  await using yard = await openYard(host)
  const inputs = await readInputs(host)
  const syft = await installGo(host, syftTool)
  const { first, second, published } = await twoImages(yard, inputs)
  const whole = await oneLayer(yard, inputs)
  await using sandbox = await openSandbox(host)
  const seen = join(sandbox.env["NBSTACKS_CACHE"] ?? "", "inventories")
  const forget = (): Promise<void> => host.files.remove(seen)
  const ours = async (before: () => Promise<void>, ...args: readonly string[]): Promise<readonly Run[]> => {
    const found: Run[] = []
    for (let at = 0; at < runs; at++) {
      await before()
      found.push(await nbstacks(host, sandbox, args))
    }
    return found
  }
  const theirs = async (image: string): Promise<readonly Run[]> => [
    await measure(host, {
      argv: [syft, "scan", `registry:${image}`, "--output", "json", "--quiet"],
      cwd: sandbox.folder,
      env: { ...sandbox.env, SYFT_REGISTRY_INSECURE_USE_HTTP: "true", SYFT_CHECK_FOR_APP_UPDATE: "false" },
    }),
  ]
  // Node's compiled code is there since the first start.
  await nbstacks(host, sandbox, ["inspect", first, "--json"])
  const afterFirst = async (): Promise<void> => {
    await forget()
    await nbstacks(host, sandbox, ["inspect", first, "--json"])
  }
  const by = `syft ${syftTool.version.slice(1)}`
  const names = {
    never: `packages of an image of ${inputs.packages} wheels, never seen`,
    single: "the same environment as one layer, never seen",
    sibling: "the same of a sibling that shares all but one layer",
    own: "the same of an image that nbstacks published, never seen",
    diff: "difference of both, seen before",
  }
  const lines = [
    summary(
      { name: names.never, by: "nbstacks", goal: "5 × faster than syft; 300 MB" },
      await ours(forget, "inspect", first, "--json"),
    ),
    summary({ name: names.single, by: "nbstacks" }, await ours(forget, "inspect", whole, "--json")),
    summary(
      { name: names.sibling, by: "nbstacks", goal: "50 × faster than syft" },
      await ours(afterFirst, "inspect", second, "--json"),
    ),
    summary({ name: names.own, by: "nbstacks", goal: "0.3 s" }, await ours(forget, "inspect", published, "--json")),
    summary(
      { name: names.diff, by: "nbstacks", goal: "0.3 s" },
      await ours(() => Promise.resolve(), "diff", first, second, "--json"),
    ),
  ]
  const peers = [
    summary({ name: names.never, by }, await theirs(first)),
    summary({ name: names.single, by }, await theirs(whole)),
    summary({ name: names.sibling, by }, await theirs(second)),
    ...(await byDocker(host, [
      { name: names.never, reference: first },
      { name: names.sibling, reference: second },
    ])),
  ]
  return compared(lines, peers)
}

/** What people do today: pull the image and ask pip, one image after the other. Other peers' images are in the daemon's way nowhere. */
async function byDocker(
  host: Host,
  images: readonly { readonly name: string; readonly reference: string }[],
): Promise<readonly Measured[]> {
  await using test = await startDocker()
  const by = `Docker ${(await test.docker("version", "--format", "{{.Server.Version}}")).trim()}: pull, run, ask Python`
  const script = "import importlib.metadata as m\nfor d in m.distributions(): print(d.metadata['Name'], d.version)"
  const measured: Measured[] = []
  for (const { name, reference } of images) {
    const begin = host.elapsed()
    await test.docker("pull", "--quiet", reference)
    const output = await test.docker("run", "--rm", reference, "python", "-c", script)
    const seconds = (host.elapsed() - begin) / 1000
    measured.push(summary({ name, by }, [{ seconds, cpuSeconds: 0, megabytes: 0, output }]))
  }
  return measured
}

function nbstacks(host: Host, { folder, env }: Sandbox, args: readonly string[]): Promise<Run> {
  return measure(host, { argv: [program, ...args], cwd: folder, env })
}

/** An image, and the same with another version of one wheel. */
async function twoImages(
  yard: Yard,
  inputs: Inputs,
): Promise<{ readonly first: string; readonly second: string; readonly published: string }> {
  await using ours = await openOurs(yard, inputs)
  const first = await ours.reference()
  await ours.write("whole", inputs.changed)
  const second = await ours.reference()
  return { first, second, published: await ours.published() }
}

async function oneLayer(yard: Yard, inputs: Inputs): Promise<string> {
  await using peer = await openPeer(yard, inputs, { tool: "uv", compression: "gzip" })
  await peer.build("single", inputs.whole)
  return `${yard.address}/single:1`
}
