import { join } from "node:path"
import pc from "picocolors"
import { expect, test } from "vitest"
import { makeHost } from "../../host/node/host.ts"
import { init } from "./run.ts"

const host = makeHost(process.env)

async function place(answer?: string) {
  const folder = await host.files.makeTemporary("nbstacks-init-")
  const said = { out: "", err: "" }
  const colors = pc.createColors(false)
  const io = {
    out: (text: string) => void (said.out += text),
    err: (text: string) => void (said.err += text),
    colors,
    outColors: colors,
    terminal: undefined,
    outTerminal: undefined,
    ask: answer === undefined ? undefined : async (question: string) => ((said.err += question), answer),
  }
  return {
    folder,
    said,
    run: (options: { force?: true; yes?: true }) =>
      init({ host, io, folder, signal: new AbortController().signal }, { ...options, lock: false }),
    mine: () => host.files.write(join(folder, "images/notebook/requirements.txt"), "mine"),
    text: () => host.files.readText(join(folder, "images/notebook/requirements.txt")),
    [Symbol.asyncDispose]: () => host.files.remove(folder),
  }
}

test("writes what works, and its story on stderr", async () => {
  await using one = await place()
  expect(await one.run({})).toBe(0)
  expect(one.said.out).toBe("")
  expect(one.said.err).toContain("Next: edit nbstacks.yaml")
  await expect(one.run({})).rejects.toMatchObject({
    message: expect.stringMatching(/^There are nbstacks\.yaml, .* already$/),
    hint: expect.stringContaining("Run `nbstacks lock`"),
  })
})

test("overwrites a person's files only when told so", async () => {
  await using one = await place()
  await one.mine()
  await expect(one.run({})).rejects.toMatchObject({
    message: "There is images/notebook/requirements.txt already",
    hint: "Use --force to overwrite, or `-C DIR` for another folder",
  })
  await expect(one.run({ force: true })).rejects.toMatchObject({ hint: "Say so with --force --yes" })
  expect(await one.text()).toBe("mine")
  expect(await one.run({ force: true, yes: true })).toBe(0)
  expect(await one.text()).not.toBe("mine")
})

test.each([
  ["n", 1],
  ["", 1],
  ["y", 0],
])("asks on a terminal: %s", async (answer, code) => {
  await using one = await place(answer)
  await one.mine()
  expect(await one.run({ force: true })).toBe(code)
  expect(one.said.err).toContain("Overwrite images/notebook/requirements.txt? [y/N] ")
  expect((await one.text()) === "mine").toBe(code === 1)
})
