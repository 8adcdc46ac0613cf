import { expect, test } from "vitest"
import { makeTurns } from "./turns.ts"

test("the same name waits for what was asked before, whatever came of it; another does not", async () => {
  const turns = makeTurns()
  const order: string[] = []
  const work =
    (name: string, ends: () => void = () => undefined) =>
    async (): Promise<void> => {
      order.push(`+${name}`)
      await Promise.resolve()
      await Promise.resolve()
      order.push(`-${name}`)
      ends()
    }
  const failing = (): void => {
    throw new Error("lost")
  }
  const all = await Promise.allSettled([turns("x", work("1", failing)), turns("x", work("2")), turns("y", work("3"))])
  expect(all.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"])
  expect(order).toEqual(["+1", "+3", "-1", "-3", "+2", "-2"])
})
