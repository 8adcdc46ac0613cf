import { readFile } from "node:fs/promises"
import { expect, test } from "vitest"
import { run, start } from "./process.ts"

test("a command's output and code come back", async () => {
  expect(await run({ argv: ["sh", "-c", "cat; echo err >&2; exit 3"], input: "in" })).toEqual({
    code: 3,
    stdout: "in",
    stderr: "err\n",
  })
})

test("a command that is not there rejects with ENOENT", async () => {
  await expect(run({ argv: ["/no/such/command"] })).rejects.toMatchObject({ code: "ENOENT" })
})

test("disposing a child ends what it started too", async () => {
  const child = await start({ argv: ["sh", "-c", "sleep 60 & echo $!; wait"] })
  let text = ""
  for await (const chunk of child.stdout) {
    text += Buffer.from(chunk).toString()
    break
  }
  await child[Symbol.asyncDispose]()
  await expect.poll(() => isRunning(Number(text))).toBe(false)
})

/** A zombie that nobody has reaped yet does not run. */
async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "")
  return stat !== "" && !/\) [ZX] /.test(stat)
}
