import type { Host } from "../src/host/host.ts"
import { readInputs, type Inputs } from "./layers/inputs.ts"
import { isKnown, openOurs, type Ours } from "./layers/ours.ts"
import { openPeer, type Way } from "./layers/peers.ts"
import { compared, figure, goals, megabytes, namesOf, sentLine, type Names } from "./layers/rows.ts"
import { openYard, type Sent, type Yard } from "./layers/yard.ts"
import { median, type Measured } from "./measure.ts"

const runs = 3
/** Of the peers only so many class images are built; all take the same time. */
const measuredClasses = 3

/**
 * Locked wheels on the local disk become an image in a registry on loopback, by nbstacks and by BuildKit with uv and with
 * pip. Ours has the wheels in its cache and nothing else, theirs the base and the wheels; theirs is a warm daemon.
 */
export async function layers(host: Host): Promise<readonly Measured[]> {
  await using yard = await openYard(host)
  const inputs = await readInputs(host)
  const names = namesOf(inputs)
  const ours = [
    ...(await plain(yard, inputs, names)),
    ...(await zstd(yard, inputs, names)),
    ...(await classes(yard, inputs, names)),
    ...(await bytecode(yard, inputs, names)),
  ]
  const peers = [
    ...(await peer(yard, inputs, { tool: "uv", compression: "gzip" })),
    ...(await peer(yard, inputs, { tool: "uv", compression: "zstd" })),
    ...(await peer(yard, inputs, { tool: "pip", compression: "gzip" })),
    ...(await peer(yard, inputs, { tool: "uv --compile-bytecode", compression: "gzip" })),
  ]
  return compared(ours, peers)
}

/** Cold, again, and with one other wheel, each time from the beginning. */
async function threeRows(yard: Yard, inputs: Inputs, ours: Ours): Promise<Readonly<Record<keyof Row, Sent[]>>> {
  const found: Record<keyof Row, Sent[]> = { cold: [], nothing: [], changed: [] }
  for (let at = 0; at < runs; at++) {
    await yard.reset()
    await ours.forget()
    await ours.write("whole", inputs.whole)
    found.cold.push(await ours.build())
    found.nothing.push(await ours.build())
    await ours.write("whole", inputs.changed)
    found.changed.push(await ours.build())
  }
  return found
}

type Row = Pick<Names, "cold" | "nothing" | "changed">

async function plain(yard: Yard, inputs: Inputs, names: Names, fields = ""): Promise<readonly Measured[]> {
  await using ours = await openOurs(yard, inputs, { fields })
  const { cold, nothing, changed } = await threeRows(yard, inputs, ours)
  const by = fields === "" ? "nbstacks" : "nbstacks, zstd"
  const line = (row: keyof Row, measured: readonly Sent[], facts: Measured["facts"] = {}): Measured =>
    sentLine({ name: names[row], by, goal: goals[row], facts }, measured)
  const sent = (changed.at(-1)?.sent ?? Number.NaN) / inputs.changedWheel
  return [line("cold", cold), line("changed", changed, { "× the wheel": figure(sent) }), line("nothing", nothing)]
}

async function zstd(yard: Yard, inputs: Inputs, names: Names): Promise<readonly Measured[]> {
  return isKnown("compression") ? await plain(yard, inputs, names, ", compression: zstd") : []
}

/** All class images at once, from nothing but wheels. */
async function classes(yard: Yard, inputs: Inputs, names: Names): Promise<readonly Measured[]> {
  await using ours = await openOurs(yard, inputs, { classes: true })
  const found: Sent[] = []
  for (let at = 0; at < runs; at++) {
    await yard.reset()
    await ours.forget()
    found.push(await ours.build())
  }
  const facts = anImage(found, Object.keys(inputs.classes).length)
  return [sentLine({ name: names.classes, by: "nbstacks", goal: goals.classes, facts }, found)]
}

async function bytecode(yard: Yard, inputs: Inputs, names: Names): Promise<readonly Measured[]> {
  if (!isKnown("bytecode")) return []
  await using ours = await openOurs(yard, inputs, { fields: ", bytecode: all" })
  const [first, again]: [Sent[], Sent[]] = [[], []]
  for (let at = 0; at < runs; at++) {
    await yard.reset()
    await ours.forget()
    first.push(await ours.build())
    await yard.reset()
    await ours.forgetLayers()
    again.push(await ours.build())
  }
  return [
    sentLine({ name: names.bytecode, by: "nbstacks", goal: goals.bytecode }, first),
    sentLine({ name: names.again, by: "nbstacks", goal: goals.again }, again),
  ]
}

/** The rows that a way of BuildKit is there for, each once: they take half a minute and more. */
async function peer(yard: Yard, inputs: Inputs, way: Way): Promise<readonly Measured[]> {
  const names = namesOf(inputs)
  await yard.reset()
  await using buildkit = await openPeer(yard, inputs, way)
  const { by } = buildkit
  const cold = await buildkit.build("whole", inputs.whole)
  if (way.tool === "uv --compile-bytecode") return [sentLine({ name: names.bytecode, by }, [cold])]
  // pip compiles what it installs unless told not to.
  if (way.tool === "pip")
    return [
      sentLine({ name: names.cold, by: `${by}, bytecode too` }, [cold]),
      sentLine({ name: names.bytecode, by }, [cold]),
    ]
  const lines = [
    sentLine({ name: names.cold, by }, [cold]),
    sentLine({ name: names.nothing, by }, [await buildkit.build("whole", inputs.whole)]),
    sentLine({ name: names.changed, by }, [await buildkit.build("whole", inputs.changed)]),
  ]
  if (way.compression === "zstd") return lines
  const built: Sent[] = []
  for (const [name, text] of Object.entries(inputs.classes).slice(0, measuredClasses))
    built.push(await buildkit.build(name, text))
  return [...lines, scaled(names.classes, by, built, Object.keys(inputs.classes).length)]
}

/** What all images would take, from the mean of some. */
function scaled(name: string, by: string, built: readonly Sent[], count: number): Measured {
  const mean = (of: (run: Sent) => number): number => built.reduce((sum, run) => sum + of(run), 0) / built.length
  const [seconds, sent] = [mean((run) => run.seconds), mean((run) => run.sent)]
  const all: Sent = {
    seconds: seconds * count,
    cpuSeconds: mean((run) => run.cpuSeconds) * count,
    megabytes: Math.max(...built.map((run) => run.megabytes)),
    output: "",
    sent: sent * count,
  }
  const facts = { [`images measured and scaled to ${count}`]: built.length, ...anImage([all], count) }
  return { ...sentLine({ name, by, facts }, [all]), runs: built.length }
}

function anImage(found: readonly Sent[], count: number): Measured["facts"] {
  return {
    "s an image": figure(median(found.map(({ seconds }) => seconds)) / count),
    "MB an image": megabytes(median(found.map(({ sent }) => sent)) / count),
  }
}
