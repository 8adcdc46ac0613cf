import pc from "picocolors"
import { expect, test } from "vitest"
import { runCli } from "./cli.ts"
import { makeProgram } from "./program.ts"

async function said(...argv: readonly string[]) {
  let out = ""
  let err = ""
  const colors = pc.createColors(false)
  const code = await runCli(argv, {
    io: {
      out: (text) => void (out += text),
      err: (text) => void (err += text),
      colors,
      outColors: colors,
      terminal: undefined,
      outTerminal: undefined,
      ask: undefined,
    },
    env: {},
    signal: new AbortController().signal,
    current: "/",
  })
  return { code, out, err }
}

const places = makeProgram(async () => undefined, "").commands.flatMap((command) => [
  [command.name()],
  ...command.commands.map((below) => [command.name(), below.name()]),
])

test.each([[[] as string[]], ...places.map((place) => [place])])("help of %j fits 80 columns", async (place) => {
  const { code, out } = await said(...place, "--help")
  expect(code).toBe(0)
  expect(out).toContain(`Usage: ${["nbstacks", ...place].join(" ")}`)
  expect(out.split("\n").filter((line) => line.length > 80)).toEqual([])
  expect((await said("help", ...place)).out).toBe(out)
})

test.each([
  [["help", "pubish"], "unknown command 'pubish'", "Did you mean `publish`?"],
  [["help", "store", "nope"], "unknown command 'nope'", "There are `serve`, `gc`, `verify`"],
  [["help", "tree", "nope"], "unknown command 'nope'", "Run the command with --help"],
])("%j is an error", async (argv, sentence, hint) => {
  const { code, out, err } = await said(...argv)
  expect({ code, out, err }).toEqual({ code: 2, out: "", err: `error: ${sentence}\n\nhint: ${hint}\n` })
})
