import { expect, test } from "vitest"
import { makeLimit } from "./limit.ts"

test("places are given in turn and come back", async () => {
  const limit = makeLimit(2)
  const order: string[] = []
  const work = async (name: string): Promise<void> => {
    using _place = await limit.acquire()
    order.push(`+${name}`)
    await Promise.resolve()
    order.push(`-${name}`)
  }
  await Promise.all(["a", "b", "c", "d"].map(work))
  expect(order).toEqual(["+a", "+b", "-a", "-b", "+c", "+d", "-c", "-d"])
})

test("who stops waiting takes no place", async () => {
  const limit = makeLimit(1)
  const first = await limit.acquire()
  const stop = new AbortController()
  const second = limit.acquire(stop.signal)
  const third = limit.acquire()
  stop.abort(new Error("enough"))
  await expect(second).rejects.toThrow("enough")
  first[Symbol.dispose]()
  first[Symbol.dispose]()
  using _third = await third
  await expect(limit.acquire(AbortSignal.abort(new Error("too late")))).rejects.toThrow("too late")
})
