import { join } from "node:path"
import { z } from "zod"
import { Failure, isFailure } from "../../failure.ts"
import { cacheFolder } from "../../files/cache-folder.ts"
import type { Host } from "../../host/host.ts"
import { readKept, writeKept } from "../../kept-text.ts"
import { canonicalJson } from "../../oci/canonical-json.ts"
import { digestOf, partsOf } from "../../oci/digest.ts"
import type { Platform } from "../../oci/platform.ts"
import type { Location } from "../../oci/store/store.ts"
import {
  hostInterpreter,
  imageInterpreter,
  type Asking,
  type Inside,
  type Interpreter,
} from "../../packages/bytecode/interpreter.ts"
import { remembered } from "../../remember.ts"
import type { Environment } from "./environment.ts"
import { targetOf } from "./installed.ts"

/** A container of an image in which programs are started. Disposing takes it away. */
export type StartedImage = AsyncDisposable & { readonly inside: Inside }

/** Starts a container that stays until it is disposed. Fails with `cannot` where this machine has no runtime for it. */
export type StartImage = (
  image: { readonly name: string; readonly platform: Platform; readonly location: Location },
  signal: AbortSignal,
) => Promise<StartedImage>

/** What bytecode is wanted for. */
export type Compiled = {
  readonly environment: Environment
  /** The row's name, for messages. */
  readonly name: string
  readonly platform: Platform
  /** The image that has the Python already. */
  readonly parent: Location
  readonly signal: AbortSignal
  /** Is told what is waited for. */
  readonly say: (sentence: string) => void
}

/** The Python that compiles for an environment. Disposing it takes away what was started. */
export type Compiler = AsyncDisposable & {
  /** As `Interpreter`'s: what decides the bytes. Known without starting anything, where it was seen before. */
  readonly build: string
  /** Started when it is first asked for. */
  interpreter(): Promise<Interpreter>
}

/** Finds the Python for an environment: this machine's where it writes the same bytecode, else the image's own. */
export type FindCompiler = (wanted: Compiled) => Promise<Compiler>

type CompilerHost = Pick<Host, "run" | "files" | "env" | "machine" | "sleep">

/**
 * Looks on this machine once for each version. Without `start` nothing of an image is run. What it gives fails with
 * `cannot` when no Python can be had, and says what helps.
 */
export function compilerFinder(host: CompilerHost, start: StartImage | undefined): FindCompiler {
  const seen = new Map<string, Promise<Interpreter | undefined>>()
  const ofMachine = (python: string, asking: Asking): Promise<Interpreter | undefined> =>
    remembered(seen, python, () => hostInterpreter(host, python, asking))
  return async (wanted) => {
    const found = await ofMachine(wanted.environment.prefix.python, wanted)
    if (found === undefined) return await ofImage(wanted, host, start)
    return { build: found.build, interpreter: async () => found, [Symbol.asyncDispose]: async () => undefined }
  }
}

const Known = z.object({ build: z.string().min(1) })

/** Which Python an image has is written down, since starting it takes seconds and most of the time nothing is compiled. */
async function ofImage(wanted: Compiled, host: CompilerHost, start: StartImage | undefined): Promise<Compiler> {
  const { environment, parent } = wanted
  const executable = environment.create ?? `${environment.prefix.path}/bin/python`
  const hash = partsOf(digestOf(canonicalJson({ version: 1, image: parent.digest, executable }))).hex
  const file = join(cacheFolder(host), "pythons", `${hash}.json`)
  const text = await readKept(host, file)
  const known = text === undefined ? undefined : Known.safeParse(JSON.parse(text)).data
  let image: Promise<StartedImage> | undefined
  let found: Promise<Interpreter> | undefined
  const begin = async (): Promise<Interpreter> => {
    image = started(wanted, start)
    const { inside } = await image
    const { python } = environment.prefix
    const interpreter = await imageInterpreter(host, { inside, executable, python }, wanted.signal)
    if (interpreter === undefined) throw none(wanted, `${executable} of the image does not run, or is another Python`)
    if (known !== undefined && known.build !== interpreter.build) {
      await host.files.remove(file)
      throw new Failure("temporary", "The cache had a wrong record of an image's Python, which has been removed", {
        hint: "Run the command again",
      })
    }
    return interpreter
  }
  const interpreter = (): Promise<Interpreter> => (found ??= begin())
  const dispose = async (): Promise<void> => {
    await (await image?.catch(() => undefined))?.[Symbol.asyncDispose]()
  }
  if (known !== undefined) return { build: known.build, interpreter, [Symbol.asyncDispose]: dispose }
  try {
    const { build } = await interpreter()
    await writeKept(host, file, JSON.stringify({ build }))
    return { build, interpreter, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

async function started(wanted: Compiled, start: StartImage | undefined): Promise<StartedImage> {
  if (start === undefined) throw none(wanted, "nothing of an image is run here")
  const { name, platform, parent: location, signal } = wanted
  try {
    return await start({ name, platform, location }, signal)
  } catch (error) {
    signal.throwIfAborted()
    if (!isFailure(error)) throw error
    throw none(wanted, [error.message, error.detail].filter((text) => text !== undefined).join("\n"))
  }
}

function none({ environment, name }: Compiled, why: string): Failure {
  const { python: minor } = targetOf(environment.prefix)
  return new Failure("cannot", `Nothing here can compile the bytecode of \`${name}\` for Python ${minor}`, {
    detail: `this machine: no python${minor} on PATH that writes the same bytecode\nthe image's own: ${why}`,
    hint: `Install Python ${minor} or a container runtime (\`nbstacks doctor\` says which), or set \`bytecode: none\``,
  })
}
