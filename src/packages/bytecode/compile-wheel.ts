import { join } from "node:path"
import { Failure } from "../../failure.ts"
import type { Host } from "../../host/host.ts"
import { shown } from "../wheel/refusal.ts"
import type { Target } from "../wheel/target.ts"
import { withoutLengths, type PackedFile, type SourceFile } from "./frames.ts"
import type { Interpreter } from "./interpreter.ts"
import { bytecodePath } from "./magic.ts"
import { program } from "./program.ts"
import type { SourceReader } from "./source-reader.ts"

/** Rises when the same wheel, target and interpreter give other bytes. What is kept of them has it in its key. */
export const bytecodeFormat = 1

export type Compiling = {
  readonly host: Pick<Host, "files" | "start">
  readonly target: Target
  readonly interpreter: Interpreter
  readonly reader: SourceReader
  /** An existing folder for packs. */
  readonly folder: string
  readonly signal: AbortSignal
  /** Seconds that a wheel may take; by the size of its sources unless given. */
  readonly seconds?: number
}

/** A wheel whose bytes are what is locked: the caller has seen to it. */
export type WheelFile = { readonly file: string; readonly filename: string; readonly sha256: string }

/** The bytecode of a wheel: `.pyc` after `.pyc` in one file, sorted by the path of their sources. */
export type Pack = { readonly file: string; readonly files: readonly PackedFile[] }

/** What decides the bytecode of a wheel, as plain data for a key: not who owns the files, or how scripts start. */
export function bytecodeInputs(
  { sha256 }: Pick<WheelFile, "sha256">,
  { target, interpreter }: Pick<Compiling, "target"> & { readonly interpreter: Pick<Interpreter, "build"> },
): Readonly<Record<string, string | number>> {
  const { prefix, python } = target
  return { format: bytecodeFormat, wheel: sha256, prefix, python, build: interpreter.build }
}

/**
 * Compiles the Python files of a wheel that come below site-packages, in one fresh process, into a pack named by the
 * wheel's hash in `folder`. Files that do not compile are left out. Nothing is left but the pack, also after an abort.
 * Fails with `no` and the wheel's name when it is no wheel, when Python crashes on it, or when it takes too long.
 */
export async function compileWheel(wheel: WheelFile, compiling: Compiling): Promise<Pack> {
  const { host, folder, signal, reader, target } = compiling
  signal.throwIfAborted()
  const input = join(folder, `${wheel.sha256}.sources`)
  const file = join(folder, `${wheel.sha256}.pyc`)
  try {
    const sources = await reader.write(wheel, target, input)
    signal.throwIfAborted()
    if (sources.length > 0) return { file, files: await compile(wheel, { compiling, sources, input, output: file }) }
    await host.files.write(file, "", { flush: false })
    return { file, files: [] }
  } catch (error) {
    await host.files.remove(file)
    throw error
  } finally {
    await host.files.remove(input)
  }
}

type Work = {
  readonly compiling: Compiling
  readonly sources: readonly SourceFile[]
  readonly input: string
  readonly output: string
}

async function compile(wheel: WheelFile, { compiling, sources, input, output }: Work): Promise<readonly PackedFile[]> {
  const { host, interpreter, signal, target } = compiling
  const seconds = compiling.seconds ?? secondsFor(sources)
  const clock = AbortSignal.timeout(seconds * 1000)
  await using child = await host.start({
    ...interpreter.command(["-c", program]),
    input: host.files.stream(input),
    signal: AbortSignal.any([signal, clock]),
  })
  const files: PackedFile[] = []
  let answered = 0
  let offset = 0
  const found = (size: number): void => {
    const source = sources[answered++]
    if (source === undefined) throw new RangeError("the answer has more files than the question")
    if (size > 0) files.push({ path: bytecodePath(source.path, target.python), offset, size })
    offset += size
  }
  const said: Uint8Array[] = []
  const [written, , { code }] = await Promise.all([
    host.files.write(output, withoutLengths(child.stdout, found), { flush: false }).then(
      () => undefined,
      (error: unknown) => error,
    ),
    drain(child.stderr, said),
    child.ended,
  ])
  signal.throwIfAborted()
  if (clock.aborted) throw failure(wheel, `took longer than ${seconds} seconds`)
  // A full disk ends Python too.
  if (written !== undefined && !(written instanceof RangeError)) throw written
  if (code !== 0) {
    const next = sources[answered]?.path
    const at = next === undefined ? "" : ` at ${shown(next)} or just before it`
    throw failure(wheel, `ended with ${code}${at}`, Buffer.concat(said).toString("utf8").trim().split("\n").slice(-10))
  }
  if (written !== undefined || answered !== sources.length) throw failure(wheel, "did not answer as it should")
  return files
}

/** Fifty times what it took on a busy machine, which compiled 5 MB in a second: an emulated one is that slow. */
function secondsFor(sources: readonly SourceFile[]): number {
  const bytes = sources.reduce((sum, { size }) => sum + size, 0)
  return 120 + Math.ceil(bytes / 100_000)
}

function failure({ filename }: WheelFile, how: string, said: readonly string[] = []): Failure {
  const detail = said.join("\n")
  return new Failure("no", `Cannot compile the bytecode of ${filename}: Python ${how}`, {
    ...(detail === "" ? {} : { detail }),
    hint: "Pin another version of the package, or set `bytecode: none` for this image",
  })
}

/** Reads to the end and keeps the last 64 KiB or so. */
async function drain(stream: AsyncIterable<Uint8Array>, kept: Uint8Array[]): Promise<void> {
  let size = 0
  for await (const chunk of stream) {
    kept.push(chunk)
    size += chunk.length
    while (kept.length > 1 && size > 65_536) size -= kept.shift()?.length ?? 0
  }
}
