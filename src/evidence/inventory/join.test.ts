import * as fc from "fast-check"
import { expect, test } from "vitest"
import { imageOf, layerOf, type Member } from "../../../test/support/layers.ts"
import { readMerged } from "../../oci/merged.ts"
import { inventoryOf } from "./inventory.ts"

const kernel = (display: string): string =>
  JSON.stringify({ display_name: display, language: "python", argv: ["python"] })

/** Kernels below a few folders, with what layers do to them. */
const place = fc.constantFrom(
  "usr/share/jupyter/kernels",
  "opt/env/share/jupyter/kernels",
  "opt/link/share/jupyter/kernels",
)
const name = fc.constantFrom("a", "b", "c")
const member: fc.Arbitrary<readonly [string, Member]> = fc.oneof(
  fc
    .tuple(place, name, fc.nat(3))
    .map(([folder, one, version]) => [`${folder}/${one}/kernel.json`, kernel(`${one} ${version}`)] as const),
  fc.tuple(place, name).map(([folder, one]) => [`${folder}/.wh.${one}`, ""] as const),
  fc.tuple(place, name).map(([folder, one]) => [`${folder}/${one}/.wh.kernel.json`, ""] as const),
  fc.tuple(place, name).map(([folder, one]) => [`${folder}/${one}/.wh..wh..opq`, ""] as const),
  place.map((folder) => [`${folder}/.wh..wh..opq`, ""] as const),
  fc.constantFrom("opt", "usr/share", "opt/env").map((folder) => [`${folder}/.wh..wh..opq`, ""] as const),
  fc.constantFrom("opt/.wh.env", "usr/.wh.share", "opt/.wh.link").map((path) => [path, ""] as const),
  fc.constant(["opt/link", { kind: "symlink", link: "env" }] as const),
  fc.constant(["opt/link", { kind: "symlink", link: "/usr" }] as const),
  fc
    // A file where a folder or a link is; and what is a folder again.
    .constantFrom("opt/link", "opt/env", "usr", "opt/env/share/jupyter/kernels/a")
    .map((path) => [path, "text"] as const),
  fc
    .constantFrom("opt/link/", "opt/env/", "opt/link/share/", "opt/env/share/jupyter/kernels/a/")
    .map((path) => [path, ""] as const),
  fc.tuple(place, name).map(([folder, one]) => [`${folder}/${one}`, { kind: "symlink", link: "nowhere" }] as const),
)

test("what is found is what a container sees, and of the layer that brought it", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(member, { maxLength: 5 }), { minLength: 1, maxLength: 5 }), async (layers) => {
      const image = imageOf(...layers.map((members) => layerOf(Object.fromEntries(members))))
      const merged = await readMerged(image)
      const expected: [string, number, string][] = []
      for (const { path, kind, content } of merged.entries()) {
        if (kind !== "file" || !path.endsWith("/kernel.json")) continue
        const { display_name: display } = JSON.parse(String(await merged.readFile(path))) as { display_name: string }
        expected.push([path, content?.layer ?? -1, display])
      }
      const { items } = await inventoryOf(image)
      const found = items.flatMap((item) => (item.kind === "kernel" ? [[item.path, item.display] as const] : []))
      expect(found.toSorted()).toEqual(expected.map(([path, , display]) => [path, display]).toSorted())
      // A file that says the same again leaves what it says with the layer that said it first.
      for (const item of items) {
        const written = expected.find(([path]) => path === item.path)
        expect(item.layer).toBeLessThanOrEqual(written?.[1] ?? -1)
      }
    }),
    { numRuns: 500 },
  )
})
