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

test.each([
  [["layers", "row", "--releases", "3"], "`--releases` is of the history", "Add `--history`"],
  [["layers", "row", "--all", "--history"], "`--all` is of the layers", "Leave out `--all`, or `--history`"],
])("%j has an option that would be ignored", async (argv, sentence, hint) => {
  const { code, out, err } = await said(...argv)
  expect({ code, out }).toEqual({ code: 2, out: "" })
  expect(err).toMatch(new RegExp(`^error: ${sentence}`))
  expect(err).toContain(`hint: ${hint}\n`)
})

test.each(["0x10", " 3", "3 ", "+3", "1e2", "0", "-1", "0.5", "", "99999999999999999999"])(
  "%j is no number of days, of releases, of jobs",
  async (text) => {
    for (const argv of [
      ["cache", "clear", "--older-than", text],
      ["store", "gc", "--older-than", text],
      ["layers", "row", "--history", "--releases", text],
      ["build", "--jobs", text],
    ]) {
      const { code, out, err } = await said(...argv)
      expect({ argv, code, out }).toEqual({ argv, code: 2, out: "" })
      expect(err).toMatch(/^error: option '[^']*' argument '.*' is invalid/)
    }
  },
)

test.each(["0x50", " 80", "", "65536", "-1"])("%j is no port", async (text) => {
  const { code, err } = await said("store", "serve", "--port", text)
  expect(code).toBe(2)
  expect(err).toContain("is not a port (0 to 65535)")
})
