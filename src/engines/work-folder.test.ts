import { join } from "node:path"
import { expect, test } from "vitest"
import { makeHost } from "../host/node/host.ts"
import { makeWorkFolder } from "./work-folder.ts"

const host = makeHost(process.env)

test("what a dead process left is taken away, what a live one uses is not", async () => {
  const parent = await host.files.makeTemporary("nbstacks-work-test-")
  try {
    // The highest process id that Linux gives is below this one.
    const dead = join(parent, "nbstacks-bootstrap-4194305-abc")
    const others = ["nbstacks-docker-4194305-abc", `nbstacks-bootstrap-${process.pid}-abc`, "nbstacks-bootstrap-notes"]
    for (const folder of [dead, ...others.map((name) => join(parent, name))])
      await host.files.write(join(folder, "root.tar"), "bytes")
    const made = await makeWorkFolder("bootstrap", host, parent)
    expect(made.startsWith(join(parent, `nbstacks-bootstrap-${process.pid}-`))).toBe(true)
    const left = ((await host.files.list(parent)) ?? []).map(({ name }) => join(parent, name))
    expect(left.toSorted()).toEqual([made, ...others.map((name) => join(parent, name))].toSorted())
  } finally {
    await host.files.remove(parent)
  }
})
