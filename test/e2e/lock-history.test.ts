import { expect, test } from "vitest"
import { openHub, pin, type Hub } from "../support/hub.ts"
import { wheelOf } from "../support/wheels.ts"

const wheels = ["1.0", "1.1", "1.2", "1.3"].map((version) => wheelOf({ name: "demo", version }))
const pins = wheels.map((wheel) => pin(wheel))

type Found = {
  readonly releases: readonly { readonly commit: string }[]
  readonly renamed: readonly { readonly commit: string; readonly from: string; readonly to: string }[]
  readonly begins: { readonly commit: string } | null
  readonly unread: readonly object[]
}

/** A hub whose repository has a commit before its first lock. */
async function openRepository(): Promise<Hub> {
  const hub = await openHub(wheels, { row: "" })
  const { git } = hub.sandbox
  await git("init", "-q")
  await git("add", "nbstacks.yaml", "nbstacks.lock")
  await git("commit", "-qm", "a tree")
  await git("clean", "-fdq")
  return hub
}

async function commit({ sandbox }: Hub, folder: string, text = ""): Promise<string> {
  await sandbox.write({ [`${folder}/requirements.txt`]: `# a list of what is here\n# for all courses\n${text}` })
  await sandbox.git("add", ".")
  await sandbox.git("commit", "-qm", folder)
  return await sandbox.git("rev-parse", "HEAD")
}

async function historyOf({ sandbox }: Hub): Promise<Found> {
  const { code, stdout, stderr } = await sandbox.nbstacks("layers", "row", "--history", "--json")
  expect({ code, stderr }).toMatchObject({ code: 0 })
  return JSON.parse(stdout) as Found
}

test("the history of a lock goes on before its folder was renamed, in a merge too, and says so", async () => {
  await using hub = await openRepository()
  const { git, nbstacks } = hub.sandbox
  const first = await commit(hub, 'ümlaut "env"', pins[0])
  const second = await commit(hub, 'ümlaut "env"', pins[1])
  await git("checkout", "-qb", "side")
  await git("mv", 'ümlaut "env"', "middle")
  await git("commit", "-qm", "rename")
  await git("checkout", "-q", "-")
  await git("merge", "-q", "--no-ff", "-m", "merge", "side")
  const merge = await git("rev-parse", "HEAD")
  const third = await commit(hub, "middle", pins[2])
  await git("mv", "middle", "e")
  await git("commit", "-qm", "rename")
  const last = await git("rev-parse", "HEAD")
  // Another folder with the old name is none of its history.
  await commit(hub, "middle", "other==1.0\n")
  const fourth = await commit(hub, "e", pins[3])
  expect(await nbstacks("build")).toMatchObject({ code: 0 })

  const found = await historyOf(hub)
  expect(found.releases.map((one) => one.commit)).toEqual([first, second, third, fourth])
  expect(found.unread).toEqual([])
  expect(found.renamed).toEqual([
    { commit: last, from: "middle", to: "e" },
    { commit: merge, from: 'ümlaut "env"', to: "middle" },
  ])
  expect((await nbstacks("layers", "row", "--history")).stdout).toContain(
    `\nBefore ${last.slice(0, 7)}, \`e\` was \`middle\`.\n`,
  )
})

test("a folder that was rewritten when it was renamed has a history that begins there, and that is said", async () => {
  await using hub = await openRepository()
  const { git, nbstacks } = hub.sandbox
  await commit(hub, "old", pins[0])
  await git("rm", "-q", "-r", "old")
  await hub.sandbox.write({ "e/requirements.txt": pins[1] ?? "" })
  await git("add", ".")
  await git("commit", "-qm", "new")
  const begins = await git("rev-parse", "HEAD")
  await commit(hub, "e", pins[3])
  expect(await nbstacks("build")).toMatchObject({ code: 0 })
  const found = await historyOf(hub)
  expect(found.renamed).toEqual([])
  expect(found.releases).toHaveLength(2)
  expect(found.begins).toMatchObject({ commit: begins })
  expect((await nbstacks("layers", "row", "--history")).stdout).toMatch(
    new RegExp(`\nIt begins with ${begins.slice(0, 7)} of [-\\d]{10}: git knows of no earlier name\\.\n`),
  )
})
