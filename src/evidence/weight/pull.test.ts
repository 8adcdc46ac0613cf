import fc from "fast-check"
import { expect, test } from "vitest"
import { digestOf, type Digest } from "../../oci/digest.ts"
import { pullOf, readPace, timeOf, type PulledLayer } from "./pull.ts"

const layers = fc
  .uniqueArray(fc.record({ name: fc.nat(20), size: fc.nat(1e9), unpacked: fc.nat(1e9) }), {
    selector: ({ name }) => name,
  })
  .map((all) => all.map(({ name, ...rest }): PulledLayer => ({ digest: digestOf(String(name)), ...rest })))

test("what is pulled and what is there are the whole image, each layer once", () => {
  fc.assert(
    fc.property(layers, fc.array(fc.nat(20)), (all, names) => {
      const had = new Set<Digest>(names.map((name) => digestOf(String(name))))
      const pull = pullOf([...all, ...all], had)
      const there = all.filter(({ digest }) => had.has(digest))
      const whole = pullOf(all, new Set())
      expect(pull.bytes + there.reduce((sum, { size }) => sum + size, 0)).toBe(whole.bytes)
      expect(pull.layers + there.length).toBe(all.length)
      expect(pullOf(all, new Set(all.map(({ digest }) => digest)))).toEqual({
        bytes: 0,
        unpacked: 0,
        layers: 0,
        of: all.length,
      })
    }),
  )
})

test("a pace is read with its unit, and nothing else is one", () => {
  expect(readPace("1Gbit/s")).toBe(125_000_000)
  expect(readPace("2.5 MB/s")).toBe(2_500_000)
  for (const no of ["", "1", "1Gbit", "0Mbit/s", "-1MB/s", "1 GiB/s", "1e9B/s"]) expect(readPace(no)).toBeUndefined()
  expect(timeOf({ bytes: 250, unpacked: 600, layers: 1, of: 1 }, { network: 100, unpacking: 200 })).toEqual({
    network: 2.5,
    unpacking: 3,
    most: 5.5,
  })
})
