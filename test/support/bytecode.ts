import { join } from "node:path"
import type { Host } from "../../src/host/host.ts"
import type { Pack, WheelFile } from "../../src/packages/bytecode/compile-wheel.ts"
import type { Interpreter } from "../../src/packages/bytecode/interpreter.ts"
import { bytecodePool } from "../../src/packages/bytecode/pool.ts"
import type { Target } from "../../src/packages/wheel/target.ts"
import { wheelOf } from "./wheels.ts"

/** Python on this machine: the program and its version, `3.11` and `3.11.2`. */
export async function machinePython(host: Host): Promise<{ readonly minor: string; readonly full: string }> {
  const print = "import sys; print('%d.%d %d.%d.%d' % (sys.version_info[:2] + sys.version_info[:3]))"
  const { stdout } = await host.run({ argv: ["python3", "-c", print] })
  const [minor = "", full = ""] = stdout.trim().split(" ")
  return { minor, full }
}

/** Wheels of projects, as pip downloads them by this machine's own configuration, with the hashes of their bytes. */
export async function downloadWheels(host: Host, folder: string, projects: readonly string[]): Promise<WheelFile[]> {
  const argv = ["python3", "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"] as const
  const { code, stderr } = await host.run({ argv: [...argv, "--dest", folder, ...projects] })
  if (code !== 0) throw new Error(`pip download: ${stderr}`)
  const names = ((await host.files.list(folder)) ?? []).map(({ name }) => name)
  return Promise.all(
    names.map(async (filename) => {
      const file = join(folder, filename)
      const sum = await host.run({ argv: ["sha256sum", file] })
      return { file, filename, sha256: sum.stdout.slice(0, 64) }
    }),
  )
}

/** A wheel of test files in a folder. */
export async function writtenWheel(
  host: Host,
  folder: string,
  members: NonNullable<Parameters<typeof wheelOf>[0]["members"]>,
): Promise<WheelFile> {
  const { filename, bytes, sha256 } = wheelOf({ name: "demo", version: "1.0", members })
  const file = join(folder, filename)
  await host.files.write(file, bytes)
  return { file, filename, sha256 }
}

/** Compiles into a new folder below `folder`, for `/opt/env` unless told otherwise. */
export async function compiled(
  wheel: WheelFile,
  options: {
    readonly host: Host
    readonly interpreter: Interpreter
    readonly folder: string
    readonly python: string
    readonly prefix?: string
    readonly signal?: AbortSignal
    readonly seconds?: number
  },
): Promise<Pack> {
  const { host, interpreter, seconds } = options
  await using pool = bytecodePool(host, 1)
  const { prefix = "/opt/env", python, signal = new AbortController().signal } = options
  const target: Target = { prefix, kind: "venv", python, uid: 1000, gid: 100 }
  const folder = await host.files.makeTemporary("pack-", options.folder)
  const more = seconds === undefined ? {} : { seconds }
  return await pool.compile(wheel, { target, interpreter, folder, signal, ...more })
}

/** The files of a pack by path. */
export async function unpacked(host: Host, pack: Pack): Promise<ReadonlyMap<string, Buffer>> {
  const bytes = Buffer.from(await host.files.read(pack.file))
  return new Map(pack.files.map(({ path, offset, size }) => [path, bytes.subarray(offset, offset + size)]))
}
