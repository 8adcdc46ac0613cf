import { expect, test } from "vitest"
import { imageOf, layerOf, type Member } from "../../../test/support/layers.ts"
import type { Layer } from "../../oci/image.ts"
import { inventoryOf } from "../inventory/inventory.ts"
import { compareImages, type Comparison } from "./compare.ts"

const deb = (...packages: readonly string[]): Record<string, Member> => ({
  "var/lib/dpkg/status": packages
    .map((one) => `Package: ${one.replace(" ", "\nStatus: install ok installed\nVersion: ")}\n\n`)
    .join(""),
})
const dist = (site: string, name: string, version: string): Record<string, Member> => ({
  [`${site}/site-packages/${name}-${version}.dist-info/METADATA`]: `Name: ${name}\nVersion: ${version}\n`,
})
const kernel = (name: string): Record<string, Member> => ({
  [`usr/share/jupyter/kernels/${name}/kernel.json`]: "{}",
})

async function compared(from: readonly Layer[], to: readonly Layer[]): Promise<Comparison> {
  const [first, second] = [imageOf(...from), imageOf(...to)]
  return compareImages(
    { image: first, items: (await inventoryOf(first)).items },
    { image: second, items: (await inventoryOf(second)).items },
  )
}

test("packages went up or down, came or went; kernels too", async () => {
  const { packages, others } = await compared(
    [
      layerOf({
        ...deb("libc6 2.36-9", "old 1", "same 1"),
        ...dist("a", "Jinja2", "3.1.10"),
        ...dist("a", "two", "1"),
      }),
      layerOf(kernel("ir")),
    ],
    [
      layerOf({ ...deb("libc6 2.36-10", "new 1:0", "same 1"), ...dist("a", "jinja2", "3.1.9") }),
      layerOf({ ...dist("a", "two", "1"), ...dist("b", "two", "2"), ...kernel("python3") }),
    ],
  )
  expect(
    packages.map(({ ecosystem, name, change, from, to }) => [ecosystem, name, change, from.join(), to.join()]),
  ).toEqual([
    ["deb", "libc6", "up", "2.36-9", "2.36-10"],
    ["deb", "new", "new", "", "1:0"],
    ["deb", "old", "gone", "1", ""],
    ["pypi", "jinja2", "down", "3.1.10", "3.1.9"],
    ["pypi", "two", "changed", "1", "1,2"],
  ])
  expect(others).toEqual([
    { kind: "kernel", name: "python3", change: "new" },
    { kind: "kernel", name: "ir", change: "gone" },
  ])
})

test("what is pulled is what the first has not, once each", async () => {
  const [shared, old, added] = [layerOf({ a: "1" }), layerOf({ b: "2" }), layerOf({ c: "33" })]
  const { size, pull } = await compared([shared, old], [shared, added, added])
  expect(size).toEqual({
    from: shared.descriptor.size + old.descriptor.size,
    to: shared.descriptor.size + 2 * added.descriptor.size,
  })
  expect(pull).toEqual({ bytes: added.descriptor.size, layers: 1, of: 2 })
  expect((await compared([shared], [shared])).pull).toEqual({ bytes: 0, layers: 0, of: 1 })
})
