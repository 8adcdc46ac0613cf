import fc from "fast-check"
import { expect, test } from "vitest"
import { sourceHead, withoutLengths } from "./frames.ts"

test("lengths are taken out of the answer, however it is cut into pieces", async () => {
  const answers = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(answers, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), async (files, cuts) => {
      const all = Buffer.concat(
        files.flatMap((file) => {
          const head = Buffer.alloc(4)
          head.writeUInt32BE(file.length)
          return [head, file]
        }),
      )
      const sizes: number[] = []
      const rest = await Array.fromAsync(withoutLengths(pieces(all, cuts), (size) => void sizes.push(size)))
      expect(sizes).toEqual(files.map((file) => file.length))
      expect(Buffer.concat(rest)).toEqual(Buffer.concat(files))
    }),
  )
})

test("an answer that ends early is told", async () => {
  const whole = Buffer.from([0, 0, 0, 3, 1, 2, 3])
  for (let end = 1; end < whole.length; end++)
    await expect(
      Array.fromAsync(withoutLengths(pieces(whole.subarray(0, end), [100]), () => undefined)),
    ).rejects.toThrow("the answer ends early")
})

test("a head has both lengths and the path in UTF-8", () => {
  expect(sourceHead("/a/é.py", 258)).toEqual(Buffer.from([0, 0, 0, 8, 0, 0, 1, 2, ...Buffer.from("/a/é.py")]))
})

async function* pieces(bytes: Uint8Array, cuts: readonly number[]): AsyncIterable<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = cuts[turn % cuts.length] ?? 1
    yield bytes.subarray(at, at + size)
    at += size
  }
}
