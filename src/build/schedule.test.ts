import { expect, test } from "vitest"
import { schedule, type Task } from "./schedule.ts"

test("results come in the order of the tasks, whichever is done first", async () => {
  const ended: string[] = []
  const last = Promise.withResolvers<void>()
  const task = (name: string, needs: readonly string[], wait?: Promise<void>): Task<string> => ({
    name,
    needs,
    work: async (done) => {
      await wait
      ended.push(name)
      if (name === "c") last.resolve()
      return [...needs.map((need) => done.get(need)), name].join("/")
    },
  })
  const results = await schedule([task("a", [], last.promise), task("b", []), task("c", ["b"]), task("d", ["a"])], 2)
  expect(ended).toEqual(["b", "c", "a", "d"])
  expect([...results]).toEqual([
    ["a", "a"],
    ["b", "b"],
    ["c", "b/c"],
    ["d", "a/d"],
  ])
})

test("tasks that wait for each other are a bug, not a hang", async () => {
  const work = (): Promise<string> => Promise.resolve("")
  await expect(
    schedule(
      [
        { name: "a", needs: ["b"], work },
        { name: "b", needs: ["a"], work },
      ],
      1,
    ),
  ).rejects.toThrow("wait for each other: a, b")
})
