import { expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import { openHub, pin } from "../support/hub.ts"
import { program } from "../support/sandbox.ts"
import { wheelOf } from "../support/wheels.ts"

const host = makeHost(process.env)

/** Retitles the window, colours, and does the same with a character of eight bits. */
const hostile = "\u001B]0;owned\u0007\u001B[31mred\u001B[2J \u009B31m"
// oxlint-disable-next-line no-control-regex -- what a terminal acts on
const acted = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/
// oxlint-disable-next-line no-control-regex
const colours = /\u001B\[(?:1|2|22|31|32|36|39)m/g

test("control characters of a lock's history are shown, not sent, with colours too", async () => {
  const [one, two] = ["1.0", "1.1"].map((version) => wheelOf({ name: "demo", version }))
  if (one === undefined || two === undefined) throw new Error("no wheels")
  await using hub = await openHub([one, two], { row: "" })
  const { sandbox } = hub
  await sandbox.git("init", "-q")
  for (const text of [pin(one), `${hostile}\n`, pin(two)]) {
    await sandbox.write({ "e/requirements.txt": text })
    await sandbox.git("add", ".")
    await sandbox.git("commit", "-qm", "lock")
  }
  expect(await sandbox.nbstacks("build")).toMatchObject({ code: 0 })
  const plain = await sandbox.nbstacks("layers", "row", "--history")
  expect(plain.code).toBe(0)
  expect(plain.stdout).toContain(String.raw`\u001b]0;owned\u0007\u001b[31mred`)
  expect(`${plain.stdout}${plain.stderr}`).not.toMatch(acted)

  const env = { ...sandbox.env, FORCE_COLOR: "1", NO_COLOR: undefined }
  const argv = [program, "layers", "row", "--history"] as const
  const coloured = await host.run({ argv, cwd: sandbox.folder, env })
  expect(coloured.stdout).toMatch(colours)
  expect(coloured.stdout.replaceAll(colours, "")).toBe(plain.stdout)

  await sandbox.write({ "e/requirements.txt": `${hostile}\n` })
  const refused = await host.run({ argv: [program, "plan"], cwd: sandbox.folder, env })
  expect(refused.stderr).toContain("`�]0;owned")
  expect(refused.stderr.replaceAll(colours, "")).not.toMatch(acted)
})

test("control characters in names that wheels bring are shown, not sent", async () => {
  const path = "shared/\u009B31mred.txt"
  const wheels = ["aa", "bb"].map((name) => wheelOf({ name, version: "1.0", members: [{ path, content: name }] }))
  await using hub = await openHub(wheels, { row: "" })
  const { code, stdout, stderr } = await hub.sandbox.nbstacks("build")
  expect(code).toBe(0)
  expect(stderr).toContain(String.raw`aa and bb both bring lib/python3.11/site-packages/shared/\u009b31mred.txt`)
  expect(`${stdout}${stderr}`).not.toMatch(acted)
})
