import { join } from "node:path"
import { expect, test } from "vitest"
import { readRequirements } from "../../src/environment/read-requirements.ts"
import { viewFolder } from "../../src/files/folder-view.ts"
import { makeHost } from "../../src/host/node/host.ts"
import type { Requirement } from "../../src/tree/step.ts"
import { benchWith } from "../support/bench-wheels.ts"
import { acceptances } from "../support/installer-acceptances.ts"
import { refusals, type RefusalCase } from "../support/installer-refusals.ts"
import { installers, type InstallerName } from "../support/installer-rules.ts"
import { debianImage, placedFiles, pypiStep, type NativeBench } from "../support/native.ts"
import { installWith, makeVenv } from "../support/other-installers.ts"
import { offerWheels, wheelList } from "../support/wheel-lists.ts"
import type { TestWheel } from "../support/wheels.ts"

const host = makeHost(process.env)
const uncached = { get: () => undefined, set: () => undefined, save: async () => undefined }

/** The pins of a requirements file, as a tree reads them. Throws the first problem, with its hint. */
async function pinsOf({ folder }: NativeBench, file: string): Promise<readonly Requirement[]> {
  const { found, problems } = await readRequirements(viewFolder(folder, host, uncached), { file, folder: "" })
  const [problem] = problems
  if (problem !== undefined) throw Object.assign(new Error(problem.message), { hint: problem.hint })
  return found.map(({ requirement }) => requirement)
}

/** Offers the wheels of a case and writes its locks. */
async function prepare(bench: NativeBench, { list, lock, before }: RefusalCase): Promise<void> {
  const wheels = join(bench.folder, "wheels")
  const listed = list === undefined ? undefined : await wheelList(host, list)
  if (listed !== undefined) await offerWheels(host, listed.wheels, wheels)
  await host.files.write(join(bench.folder, "lock.txt"), listed?.text ?? lock.replaceAll("$WHEELS", wheels))
  await host.files.write(join(bench.folder, "before.txt"), before ?? "")
}

test.each(
  refusals.flatMap(({ from, cases }) => cases.map((one) => [one.what, from.join(" and "), { from, one }] as const)),
)("%s is installed by %s, and refused here", async (_, __, { from, one }) => {
  await using bench = await benchWith(one.offered as readonly TestWheel[], { workers: 1 })
  await prepare(bench, one)
  const place = ["--no-index", "--find-links", join(bench.folder, "wheels")]
  const options = [...(one.options ?? ["--require-hashes", "--only-binary", ":all:"]), ...place]
  const install = async (name: InstallerName): Promise<void> => {
    const environment = await makeVenv(bench, name)
    if (one.before !== undefined) {
      const first = await installWith(bench, name, { environment, lock: "before.txt", options })
      expect(first).toMatchObject({ code: 0 })
    }
    const { code, stderr } = await installWith(bench, name, { environment, lock: "lock.txt", options })
    expect({ name, installs: code === 0, stderr }).toMatchObject({ name, installs: from.includes(name) })
  }
  await Promise.all(installers.map(install))
  const base = await bench.parent(debianImage())
  const parent =
    one.before === undefined ? base : await bench.execute(pypiStep(await pinsOf(bench, "before.txt")), base)
  const refused = await pinsOf(bench, "lock.txt")
    .then((pins) => bench.execute(pypiStep(pins), parent))
    .catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(Error)
  expect((refused as Error).message).toContain(one.says)
  expect(refused).toMatchObject({ hint: expect.stringMatching(/./) })
})

test.each(acceptances.map((one) => [one.what, one.refusedBy, one] as const))(
  "%s: refused by %s, and installed here",
  async (_, __, { wheel, refusedBy, brings }) => {
    await using bench = await benchWith([wheel], { workers: 1 })
    await bench.host.files.write(join(bench.folder, "lock.txt"), `demo==1.0 --hash=sha256:${wheel.sha256}\n`)
    const place = ["--no-index", "--find-links", join(bench.folder, "wheels")]
    const options = ["--require-hashes", "--only-binary", ":all:", ...place]
    await Promise.all(
      installers.map(async (name) => {
        const environment = await makeVenv(bench, name)
        const { code, stderr } = await installWith(bench, name, { environment, lock: "lock.txt", options })
        expect({ name, installs: code === 0, stderr }).toMatchObject({ name, installs: name !== refusedBy })
      }),
    )
    const parent = await bench.parent(debianImage())
    const image = await bench.execute(pypiStep(await pinsOf(bench, "lock.txt")), parent)
    expect([...(await placedFiles(image, parent.layers.length)).keys()]).toContain(`opt/env/${brings}`)
  },
)
