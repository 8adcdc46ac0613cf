import { expect, test } from "vitest"
import { bounded, followLines, withoutControls } from "./lines.ts"

async function* chunks(...texts: readonly (string | Uint8Array)[]): AsyncIterable<Uint8Array> {
  for (const text of texts) yield typeof text === "string" ? Buffer.from(text) : text
}

test("lines are put together across chunks, also inside a character", async () => {
  const seen: string[] = []
  const euro = Buffer.from("€")
  const lines = followLines([chunks("a\nb", "c\r\n", euro.subarray(0, 1), euro.subarray(1), "\nend")], (line) =>
    seen.push(line),
  )
  await lines.read
  expect(seen).toEqual(["a", "bc", "€", "end"])
  expect(lines.tail()).toEqual(seen)
})

test("what is kept is bounded in lines and in their length", async () => {
  const lines = followLines([chunks("x".repeat(10_000), "\n", "l\n".repeat(500))], () => undefined)
  await lines.read
  expect(lines.tail()).toHaveLength(200)
  const long = followLines([chunks("x".repeat(100_000), "\n")], () => undefined)
  await long.read
  expect(long.tail()[0]?.length).toBeLessThanOrEqual(4096)
})

test("escapes and control characters go, text stays", () => {
  expect(withoutControls("\u001B[0;31mred\u001B[0m\ttab\nline\u0007\u0000")).toBe("red\ttab\nline")
  expect(bounded("x".repeat(20_000))).toBe(`…${"x".repeat(16 * 1024)}`)
})
