import { expect, test } from "vitest"
import { eachLine } from "./output.ts"

async function lines(...chunks: readonly (string | Uint8Array)[]): Promise<readonly string[]> {
  const found: string[] = []
  const stream = (async function* () {
    for (const chunk of chunks) yield Buffer.from(chunk as string)
  })()
  await eachLine(stream, (line) => found.push(line))
  return found
}

test("lines across chunks, however they end, without terminal sequences", async () => {
  expect(await lines("on", "e\r\ntwo\n\n", "\u001b[32mgreen\u001b[0m\u0007\rthree")).toEqual([
    "one",
    "two",
    "green",
    "three",
  ])
})

test("a character across chunks, and bytes that are no UTF-8", async () => {
  const bytes = Buffer.from("ü\n")
  expect(await lines(bytes.subarray(0, 1), bytes.subarray(1), Buffer.from([0xff, 0x0a]))).toEqual(["ü", "\ufffd"])
})

test("a line without end is cut, not kept", async () => {
  const found = await lines("x".repeat(20_000), "y")
  expect(found.map((line) => line.length)).toEqual([8193, 1])
})
