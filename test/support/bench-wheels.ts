import { join } from "node:path"
import { pathToFileURL } from "node:url"
import type { Requirement } from "../../src/tree/step.ts"
import { nativeBench, type NativeBench } from "./native.ts"
import type { TestWheel } from "./wheels.ts"

/** A bench whose only source of wheels is a folder of them. */
export async function benchWith(
  wheels: readonly TestWheel[],
  options: Parameters<typeof nativeBench>[0] = {},
): Promise<NativeBench> {
  const bench = await nativeBench(options)
  const folder = join(bench.folder, "wheels")
  await bench.host.files.makeDirectory(folder)
  for (const { filename, bytes } of wheels) await bench.host.files.write(join(folder, filename), bytes)
  const env = { ...bench.host.env, PIP_NO_INDEX: "1", PIP_FIND_LINKS: pathToFileURL(folder).href }
  Object.assign(bench.host, { env })
  return bench
}

/** A requirement, version 1.0 unless `more` says otherwise, that any of these wheels fulfils. */
export function requirement(name: string, wheels: readonly TestWheel[], more: Partial<Requirement> = {}): Requirement {
  return { name, version: "1.0", extras: [], hashes: wheels.map((wheel) => `sha256:${wheel.sha256}`), ...more }
}
