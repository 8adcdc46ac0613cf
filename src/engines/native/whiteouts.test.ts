import { posix } from "node:path"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { firstMember } from "../../../test/support/first-member.ts"
import { imageOf, layerOf } from "../../../test/support/layers.ts"
import { digestOf } from "../../oci/digest.ts"
import { readMerged } from "../../oci/merged.ts"
import { venvLayer } from "./venv-layer.ts"
import { hiddenPaths, whiteoutLayer, without } from "./whiteouts.ts"

const name = fc.constantFrom("a", "b", "c")
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"))

/** Every folder above some paths. */
function above(paths: Iterable<string>): Set<string> {
  const folders = new Set<string>()
  for (const one of paths)
    for (let folder = posix.dirname(one); folder !== "."; folder = posix.dirname(folder)) folders.add(folder)
  return folders
}

/** Files none of which is a folder of another. */
const files = fc.uniqueArray(path, { maxLength: 12 }).map((paths) => {
  const folders = above(paths)
  return paths.filter((one) => !folders.has(one))
})

test("what is hidden is what was taken out, and nothing else", () => {
  fc.assert(
    fc.property(files, files, files, fc.func(fc.boolean()), (all, empty, wanted, take) => {
      const there = new Set(all)
      const filled = above(all)
      // Folders without anything in them, where no file is.
      const bare = empty.filter(
        (one) =>
          !there.has(one) &&
          !filled.has(one) &&
          !above([one])
            .values()
            .some((folder) => there.has(folder)),
      )
      const folders = new Set([...above(all), ...above(bare), ...bare])
      const parent = { files: new Set(all.filter((one) => !folders.has(one))), folders }
      const removed = new Set([...parent.files].filter((one) => take(one)))
      const rest = without(removed, parent)
      const brought = new Set(
        wanted.filter(
          (one) =>
            !rest.folders.has(one) &&
            !above([one])
              .values()
              .some((folder) => rest.files.has(folder)),
        ),
      )
      const hidden = hiddenPaths(removed, parent, brought)
      const isHidden = (one: string): boolean => hidden.some((top) => one === top || one.startsWith(`${top}/`))

      for (const one of parent.files) {
        if (!removed.has(one)) expect(isHidden(one)).toBe(false)
        else expect(isHidden(one) || brought.has(one)).toBe(true)
      }
      // Nothing twice, and nothing that a brought file would need.
      for (const one of hidden) {
        expect(hidden.filter((other) => other !== one && one.startsWith(`${other}/`))).toEqual([])
        expect(parent.files.has(one) || folders.has(one)).toBe(true)
        if (parent.files.has(one)) expect(brought.has(one)).toBe(false)
      }
      for (const one of above(brought)) if (folders.has(one) && !removed.has(one)) expect(isHidden(one)).toBe(false)
      for (const one of bare) if (!brought.has(one)) expect(isHidden(one)).toBe(false)
    }),
    { numRuns: 2_000 },
  )
})

test("a folder goes whole only when all of it goes", () => {
  const parent = { files: new Set(["p/a.py", "p/sub/b.py", "q/c.py", "q/mine"]), folders: new Set(["p", "p/sub", "q"]) }
  const removed = new Set(["p/a.py", "p/sub/b.py", "q/c.py"])
  expect(hiddenPaths(removed, parent, new Set())).toEqual(["p", "q/c.py"])
  expect(hiddenPaths(removed, parent, new Set(["p/a.py"]))).toEqual(["p/sub", "q/c.py"])
  expect(hiddenPaths(removed, parent, new Set(["p/new.py", "q/c.py"]))).toEqual(["p/a.py", "p/sub"])
  expect(hiddenPaths(removed, parent, new Set(["p"]))).toEqual(["p", "q/c.py"])
})

test("layers of whiteouts and of an environment are whole for who stops after one gzip member", async () => {
  const merged = await readMerged(imageOf(layerOf({ "opt/": "", "opt/env/": "", "opt/env/lib/": "" })))
  const made = [
    whiteoutLayer(["lib/demo", "lib/demo.py"], { merged, prefix: "/opt/env" }),
    venvLayer({ path: "/opt/env", kind: "venv", python: "3.11" }, "/usr/bin/python3"),
  ]
  for (const { layer, bytes } of made) {
    const { content, left } = firstMember(bytes)
    expect([digestOf(content), left]).toEqual([layer.diffId, 0])
  }
})
