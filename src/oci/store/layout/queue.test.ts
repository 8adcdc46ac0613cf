import { expect, test } from "vitest"
import { makeBatch, makeQueue } from "./queue.ts"

test("tasks of one name run one after the other, those of others do not wait", async () => {
  const queue = makeQueue()
  const log: string[] = []
  const gate = Promise.withResolvers<void>()
  const first = queue("a", async () => {
    log.push("first begins")
    await gate.promise
    log.push("first ends")
    throw new Error("first")
  })
  const second = queue("a", async () => void log.push("second"))
  await queue("b", async () => void log.push("other"))
  gate.resolve()
  await expect(first).rejects.toThrow("first")
  await second
  expect(log).toEqual(["first begins", "other", "first ends", "second"])
})

test("all who ask while a run is under way are served by one more", async () => {
  let runs = 0
  const gate = Promise.withResolvers<void>()
  const batch = makeBatch(async () => {
    runs++
    if (runs === 1) await gate.promise
  })
  const asked = [batch(), batch(), batch(), batch()]
  gate.resolve()
  await Promise.all(asked)
  expect(runs).toBe(2)
  await batch()
  expect(runs).toBe(3)
})

test("a run that fails is told to those it was for, and the next one runs all the same", async () => {
  const gate = Promise.withResolvers<void>()
  let runs = 0
  const batch = makeBatch(async () => {
    runs++
    await gate.promise
    if (runs === 1) throw new Error("first")
  })
  const [first, second] = [batch(), batch()]
  gate.resolve()
  await expect(first).rejects.toThrow("first")
  await second
  expect(runs).toBe(2)
})
