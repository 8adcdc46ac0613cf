import { join, resolve } from "node:path"
import type { Host } from "../../src/host/host.ts"
import { findWheels, type FoundWheel } from "../../src/packages/index/find-wheels.ts"
import type { Requirement } from "../../src/tree/step.ts"
import { requirementsOf } from "./native.ts"
import type { Shape } from "./wheel-shapes.ts"

/** Real wheels for CPython 3.11 on x86-64: pure ones, ones with programs, and old ones. */
export const listNames = ["pure", "platform", "old"] as const
export type ListName = (typeof listNames)[number]

/**
 * The least of each shape in all lists together: who takes a wheel out has to bring another one like it. What is one
 * here is in `made-wheels.ts` too. No wheel that an index was asked for has a data descriptor: only made ones do.
 * `.data/purelib` is semgrep 0.100.0, `.data/platlib` hdf5plugin 2.0.0, non-ASCII names pelican, stored members wheel
 * 0.24.0, and more than 10,000 files plotly 5.24.1.
 */
export const listShapes: Readonly<Record<Exclude<Shape, "data descriptor">, number>> = {
  ".data/purelib": 1,
  ".data/platlib": 1,
  ".data/headers": 5,
  ".data/scripts": 28,
  ".data/data": 41,
  "#!python script": 18,
  "GUI entry point": 6,
  "namespace package": 41,
  "file that another wheel brings": 6,
  "non-ASCII name": 1,
  "several licences": 117,
  sbom: 27,
  "stored member": 1,
  "more than 10,000 files": 1,
  abi3: 28,
  pure: 538,
  platform: 149,
  "WHEEL of before 2018": 34,
  "signed RECORD": 1,
}

/** Where wheels of all test runs of this user are kept: by their hash, so that they cannot be wrong. */
function keptWheels(host: Pick<Host, "machine">): string {
  return join(host.machine.home, ".cache", "nbstacks-tests")
}

export type WheelList = {
  readonly text: string
  readonly requirements: readonly Requirement[]
  readonly wheels: readonly FoundWheel[]
}

/** The wheels of `test/wheels/NAME.txt` (`image` is a list that is complete in itself; those of `refused` are not what their RECORD says), downloaded where no run before had them. */
export async function wheelList(host: Host, name: ListName | "image" | "refused"): Promise<WheelList> {
  const text = await host.files.readText(resolve(import.meta.dirname, "../wheels", `${name}.txt`))
  const requirements = requirementsOf(text)
  const wheels = await findWheels(requirements, host, {
    cache: keptWheels(host),
    target: { python: "3.11", platform: "linux/amd64", glibc: "2.36" },
    signal: AbortSignal.timeout(900_000),
    onBytes: () => undefined,
  })
  return { text, requirements, wheels }
}

/** Lets an engine find these wheels without asking anybody. */
export async function knowWheels(host: Host, cache: string): Promise<void> {
  await host.files.makeDirectory(cache)
  for (const part of ["wheels", "projects"]) await host.files.symlink(join(keptWheels(host), part), join(cache, part))
}

/** Puts wheels into a folder under their own names, for programs that look there. */
export async function offerWheels(host: Host, wheels: readonly FoundWheel[], folder: string): Promise<void> {
  await host.files.makeDirectory(folder)
  for (const { file, filename } of wheels) await host.files.symlink(file, join(folder, filename))
}
