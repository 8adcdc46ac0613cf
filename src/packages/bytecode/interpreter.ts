import { z } from "zod"
import { programsIn } from "../../files/programs.ts"
import type { Host } from "../../host/host.ts"
import type { Command } from "../../host/process.ts"
import { cacheTag, magicOf } from "./magic.ts"
import { environment, options } from "./program.ts"

/** A Python that compiles: how one is started, and which it is. */
export type Interpreter = {
  /** Runs it with further arguments. It has nothing of the user's in its environment. */
  command(args: readonly string[]): Pick<Command, "argv" | "env">
  /** Its implementation, full version with build, and magic number. The same text, the same bytecode. */
  readonly build: string
}

/** How a program is started, on this machine or in an image. */
export type Inside = (argv: readonly [string, ...string[]]) => Pick<Command, "argv" | "env">

type InterpreterHost = Pick<Host, "run" | "files" | "env" | "sleep">

export type Asking = {
  readonly signal: AbortSignal
  /** Is told of a program that lets us wait, and of one that is left out for it. */
  readonly say: (sentence: string) => void
}

/** Seconds until a program of this machine that says nothing is named, and until it is left out. */
const patience = { named: 3, leftOut: 10 }

const probe = `
import sys, _frozen_importlib_external as external
print("%s\\n%d\\n%s\\n%s\\n%s" % (
    sys.implementation.cache_tag, int.from_bytes(external.MAGIC_NUMBER[:2], "little"),
    sys.executable, getattr(sys, "abiflags", ""), sys.version.replace("\\n", " ")))
`

const Probed = z.tuple([z.string(), z.coerce.number().int(), z.string(), z.string(), z.string()])

type Facts = { readonly tag: string; readonly magic: number; readonly executable: string; readonly version: string }

/**
 * A Python of this machine that writes the bytecode of `python` (`3.11`, or `3.11.2`): `python3.11` or `python3` on
 * PATH with the same magic number. The one with the very same patch version is preferred, else the first on PATH.
 * Undefined if there is none. What was never released has no number here, and is compiled by the image's own Python.
 */
export async function hostInterpreter(
  host: InterpreterHost,
  python: string,
  { signal, say }: Asking,
): Promise<Interpreter | undefined> {
  const magic = magicOf(python)
  if (magic === undefined) return undefined
  const fitting: Interpreter[] = []
  const seen = new Set<string>()
  for (const program of await programs(host, python)) {
    // A program may be a script that starts the real one: that one is asked with the user's own environment, but for
    // what would change Python itself, such as PYTHONHOME.
    const command = { argv: [program, ...options, "-c", probe] as const, env: withoutPython(host.env) }
    const named = await impatient(program, { host, signal, say }, (until) => facts(host, command, until))
    if (named === undefined || seen.has(named.executable)) continue
    seen.add(named.executable)
    if (named.tag !== cacheTag(python) || named.magic !== magic) continue
    const found = await directly((argv) => ({ argv, env: environment }), named.executable, { host, signal })
    if (found === undefined) continue
    if (found.facts.version.startsWith(`${python} `)) return found.interpreter
    fitting.push(found.interpreter)
  }
  return fitting[0]
}

/**
 * The Python of an image. `inside` starts a program in a container of it; `executable` is a path there. Undefined if it
 * does not run, or is no CPython of the version `python`.
 */
export async function imageInterpreter(
  host: InterpreterHost,
  image: { readonly inside: Inside; readonly executable: string; readonly python: string },
  signal: AbortSignal,
): Promise<Interpreter | undefined> {
  const clean = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  const inside: Inside = (argv) => image.inside(["/usr/bin/env", "-i", ...clean, ...argv])
  const found = await directly(inside, image.executable, { host, signal })
  return found?.facts.tag === cacheTag(image.python) ? found.interpreter : undefined
}

async function directly(
  inside: Inside,
  executable: string,
  { host, signal }: { readonly host: InterpreterHost; readonly signal: AbortSignal },
): Promise<{ readonly interpreter: Interpreter; readonly facts: Facts } | undefined> {
  const command = (args: readonly string[]): Pick<Command, "argv" | "env"> => inside([executable, ...options, ...args])
  const found = await facts(host, command(["-c", probe]), signal)
  if (found === undefined) return undefined
  return { interpreter: { command, build: `${found.tag} ${found.magic} ${found.version}` }, facts: found }
}

function withoutPython(env: Host["env"]): Host["env"] {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("PYTHON")))
}

/** What a program says; undefined if that takes too long, which is said. */
async function impatient<T>(
  program: string,
  { host, signal, say }: Asking & { readonly host: Pick<Host, "sleep"> },
  ask: (until: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const over = new AbortController()
  const late = new AbortController()
  const watch = async (): Promise<void> => {
    await host.sleep(patience.named * 1000, over.signal)
    say(`Waiting for ${program} to say which Python it is …`)
    await host.sleep((patience.leftOut - patience.named) * 1000, over.signal)
    late.abort()
  }
  watch().catch(() => undefined)
  try {
    return await ask(AbortSignal.any([signal, late.signal]))
  } catch (error) {
    signal.throwIfAborted()
    if (!late.signal.aborted) throw error
    say(`${program} did not answer within ${patience.leftOut} s, and is left out`)
    return undefined
  } finally {
    over.abort()
  }
}

/** Asks a Python what it is. Undefined for one that does not run, or whose bytecode other builds may not read. */
async function facts(
  host: InterpreterHost,
  command: Pick<Command, "argv" | "env">,
  signal: AbortSignal,
): Promise<Facts | undefined> {
  try {
    const { code, stdout } = await host.run({ ...command, signal, timeout: 30_000 })
    const parsed = Probed.safeParse(stdout.split("\n").slice(0, 5))
    if (code !== 0 || !parsed.success) return undefined
    const [tag, magic, executable, flags, version] = parsed.data
    // Debug and free-threaded builds are others than what images have.
    return flags === "" ? { tag, magic, executable, version } : undefined
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}

/** Programs on PATH that may be it, each file once, first found first. */
async function programs(host: InterpreterHost, python: string): Promise<readonly string[]> {
  const [major, minor] = python.split(".")
  // A link that is not followed may stand for a virtual environment, which has the same Python.
  return await programsIn(host, (host.env["PATH"] ?? "").split(":"), [`python${major}.${minor}`, "python3"])
}
