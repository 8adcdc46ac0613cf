import type { Host } from "../src/host/host.ts"
import { readImage } from "../src/oci/image.ts"
import { startDocker, type TestDocker } from "../test/support/docker.ts"
import { readInputs, type Inputs } from "./layers/inputs.ts"
import { isKnown, openOurs } from "./layers/ours.ts"
import { openPeer, type Way } from "./layers/peers.ts"
import { compared, figure, megabytes } from "./layers/rows.ts"
import { openYard, type Yard } from "./layers/yard.ts"
import { median, summary, type Measured } from "./measure.ts"

const runs = 3
/** Milliseconds that a server may take to answer. */
const patience = 120_000

type Candidate = { readonly name: string; readonly by: string; readonly reference: string }

/**
 * From nothing in Docker Engine to an answer of JupyterLab: pulled eagerly from a registry on loopback, base included,
 * and started. The same environment as our layers, and as one `RUN` layer; each as it is, and with bytecode.
 */
export async function ready(host: Host): Promise<readonly Measured[]> {
  await using yard = await openYard(host)
  const inputs = await readInputs(host)
  const candidates = [
    ...(await pair(yard, inputs, "", "uv")),
    ...(isKnown("bytecode") ? await pair(yard, inputs, ", bytecode: all", "uv --compile-bytecode") : []),
  ]
  await using docker = await startDocker()
  const found = new Map<Candidate, Started[]>(candidates.map((one) => [one, []]))
  for (let at = 0; at < runs; at++)
    for (const [{ reference }, started] of found) started.push(await start(host, docker, reference))
  const lines: Measured[] = []
  for (const [candidate, started] of found) lines.push(await line(yard, candidate, started))
  const isOurs = ({ by }: Measured): boolean => by === "nbstacks"
  return compared(
    lines.filter(isOurs),
    lines.filter((one) => !isOurs(one)),
  )
}

async function pair(yard: Yard, inputs: Inputs, fields: string, tool: Way["tool"]): Promise<readonly Candidate[]> {
  const name = `an image of ${inputs.packages} wheels${fields === "" ? "" : " with bytecode"}: pulled until JupyterLab answers`
  const repository = tool.replaceAll(/\W+/g, "-")
  await using ours = await openOurs(yard, inputs, { fields })
  const reference = await ours.reference()
  await using peer = await openPeer(yard, inputs, { tool, compression: "gzip" })
  await peer.build(repository, inputs.whole)
  return [
    { name, by: "nbstacks", reference },
    { name, by: `one RUN layer of ${peer.by}`, reference: await digestOf(yard, repository) },
  ]
}

async function digestOf({ store, address }: Yard, repository: string): Promise<string> {
  const found = await store.readManifest(repository, "1")
  if (found === undefined) throw new Error(`${repository}:1 was not pushed`)
  return `${address}/${repository}@${found.descriptor.digest}`
}

/** Seconds since the beginning. */
type Started = { readonly pulled: number; readonly answered: number }

async function start(host: Host, { docker }: TestDocker, reference: string): Promise<Started> {
  const begin = host.elapsed()
  const seconds = (): number => (host.elapsed() - begin) / 1000
  await docker("pull", "--quiet", reference)
  const pulled = seconds()
  const lab = ["jupyter", "lab", "--ip=0.0.0.0", "--port=8888", "--no-browser", "--IdentityProvider.token="]
  const container = (await docker("run", "--detach", "--publish", "127.0.0.1::8888", reference, ...lab)).trim()
  try {
    const address = (await docker("port", container, "8888")).trim()
    while (!(await answers(host, `http://${address}/api/status`))) {
      if (seconds() * 1000 > patience) throw new Error(await docker("logs", container))
      await host.sleep(20)
    }
    return { pulled, answered: seconds() }
  } finally {
    await docker("rm", "--force", container)
    await docker("rmi", "--force", reference)
  }
}

async function answers(host: Host, url: string): Promise<boolean> {
  try {
    const { status, body } = await host.http({ method: "GET", url })
    for await (const _chunk of body);
    return status === 200
  } catch {
    return false
  }
}

async function line(
  { store }: Yard,
  { name, by, reference }: Candidate,
  started: readonly Started[],
): Promise<Measured> {
  const [, repository = "", digest = ""] = /\/([^/@]+)@(sha256:.*)$/.exec(reference) ?? []
  const { layers } = await readImage(store, repository, digest)
  const bytes = layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0)
  return summary(
    {
      name,
      by,
      ...(by === "nbstacks" ? { goal: "not slower" } : {}),
      facts: {
        "s until it was pulled": figure(median(started.map(({ pulled }) => pulled))),
        "MB pulled": megabytes(bytes),
        layers: layers.length,
      },
    },
    started.map(({ answered }) => ({ seconds: answered, cpuSeconds: 0, megabytes: 0, output: "" })),
  )
}
