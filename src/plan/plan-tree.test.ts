import fc from "fast-check"
import { expect, test } from "vitest"
import { digest, dockerfile, pypi, row, treeOf } from "../../test/support/tree.ts"
import { canonicalJson } from "../oci/canonical-json.ts"
import type { Digest } from "../oci/digest.ts"
import { digestOf } from "../oci/digest.ts"
import type { PypiStep } from "../tree/step.ts"
import type { Image, Tree } from "../tree/tree.ts"
import { checkKeyOf } from "./check-key.ts"
import { keyAt, keysOf, slotOf, type Key, type Keyed } from "./key.ts"
import { planTree } from "./plan-tree.ts"
import { PlanFile, type Built, type Known, type Plan } from "./plan.ts"
import { reasonsFor } from "./reasons.ts"

const nothing: Known = { built: new Map(), passed: new Set(), checked: new Set(), gone: new Set(), previous: new Map() }

const small: Tree = treeOf(
  row("base", undefined, [dockerfile({ "apt.txt": "1" })]),
  row("datascience", "base", [pypi({ numpy: "2.0", pandas: "3.0" })]),
  row("ml", "datascience", [dockerfile({ "setup.sh": "2", "big.bin": "3" }, { TORCH: "cpu" })]),
  row("r", "base", [pypi({ rpy2: "1.0" })]),
)

/** Everything of a tree built and passed, each row with a digest that its key decides. */
function allBuilt(tree: Tree): Known {
  const keys = keysOf(tree)
  const digests = new Map<string, Digest>()
  const built = new Map<Key, readonly Built[]>()
  for (const image of tree.images) {
    const key = keyAt(keys, image.id, "linux/amd64")
    const parent = image.parent.kind === "image" ? (digests.get(image.parent.id) ?? null) : null
    digests.set(image.id, digestOf(key))
    built.set(key, [{ key, digest: digestOf(key), parent, uses: {}, repository: image.repository }])
  }
  const passed = new Set(tree.images.map((image) => checkKeyOf(digests.get(image.id) ?? digest("0"), image.checks)))
  const previous = new Map([...keys].map(([slot, { input }]) => [slot, input]))
  return { built, passed, checked: new Set(digests.values()), gone: new Set(), previous }
}

function planOf(tree: Tree, known: Known): Plan {
  return planTree(tree, keysOf(tree), known)
}

function builds(plan: Plan): readonly (readonly string[])[] {
  return plan.waves.map((wave) => wave.map(({ image }) => image))
}

function reasons(plan: Plan): Readonly<Record<string, unknown>> {
  return Object.fromEntries(plan.waves.flat().map(({ image, reasons: why }) => [image, why]))
}

test("where nothing is known everything is new, parents in earlier waves", () => {
  const plan = planOf(small, nothing)
  expect(builds(plan)).toEqual([["base"], ["datascience", "r"], ["ml"]])
  expect(reasons(plan)["base"]).toEqual([{ kind: "new" }])
  expect(plan.check.map(({ need }) => need)).toEqual(["after-build", "after-build", "after-build", "after-build"])
})

test("where everything is built and passed nothing is done", () => {
  const plan = planOf(small, allBuilt(small))
  expect(plan).toMatchObject({ waves: [], check: [] })
  expect(plan.reuse.map(({ image }) => image)).toEqual(["base", "datascience", "ml", "r"])
})

test("what was recorded comes back with sorted fields, and that is no change", () => {
  const known = allBuilt(small)
  const sorted = [...known.previous].map(([slot, input]) => [slot, JSON.parse(canonicalJson(input))] as const)
  const without = [...known.built].filter(([key]) => key !== keyAt(keysOf(small), "base", "linux/amd64"))
  const plan = planOf(small, { ...known, built: new Map(without), previous: new Map(sorted) })
  expect(reasons(plan)["r"]).toEqual([{ kind: "parent", id: "base", because: "rebuilt" }])
  expect(reasons(plan)["datascience"]).toEqual([{ kind: "parent", id: "base", because: "rebuilt" }])
})

test("one changed package rebuilds that row and its children, and says which package", () => {
  const moved = treeOf(
    ...small.images.map((image) =>
      image.id === "datascience" ? row("datascience", "base", [pypi({ numpy: "2.1", scipy: "1.0" })]) : image,
    ),
  )
  const plan = planOf(moved, allBuilt(small))
  expect(builds(plan)).toEqual([["datascience"], ["ml"]])
  expect(reasons(plan)).toEqual({
    datascience: [
      { kind: "package", name: "numpy", from: "2.0", to: "2.1" },
      { kind: "package", name: "pandas", from: "3.0", to: undefined },
      { kind: "package", name: "scipy", from: undefined, to: "1.0" },
    ],
    ml: [{ kind: "parent", id: "datascience", because: "rebuilt" }],
  })
})

test("a wheel from a URL has another key, and a changed URL is a change of that package", () => {
  const one = pypi({ numpy: "2.0", pandas: "3.0" })
  const at = (url: string | undefined): PypiStep => ({
    ...one,
    requirements: one.requirements.map((each) => (each.name === "numpy" ? { ...each, url } : each)),
  })
  const treeWith = (step: PypiStep): Tree => treeOf(row("r", undefined, [step]))
  const keyed = (step: PypiStep): Keyed => keysOf(treeWith(step)).get("r@linux/amd64") as Keyed
  expect(keyed(at(undefined)).key).toBe(keyed(one).key)
  const [a, b] = ["https://a.example/numpy.whl", "https://b.example/numpy.whl"].map(at) as [PypiStep, PypiStep]
  expect(new Set([one, a, b].map((step) => keyed(step).key)).size).toBe(3)
  const because = (before: PypiStep, now: PypiStep) =>
    reasonsFor({
      now: keyed(now).input,
      before: keyed(before).input,
      image: treeWith(now).images[0] as Image,
      rebuilt: [],
      places: new Map(),
    })
  const named = { kind: "package", name: "numpy" }
  expect(because(one, a)).toEqual([{ ...named, from: "2.0", to: "2.0 @ https://a.example/numpy.whl" }])
  expect(because(a, b)).toEqual([
    { ...named, from: "2.0 @ https://a.example/numpy.whl", to: "2.0 @ https://b.example/numpy.whl" },
  ])
  expect(because(a, pypi({ numpy: "2.1", pandas: "3.0" }))).toEqual([{ ...named, from: "2.0", to: "2.1" }])
})

test("a proxy that is given as an argument reaches the engine and decides nothing", () => {
  const keyWith = (args: Readonly<Record<string, string>>): Key =>
    keyAt(keysOf(treeOf(row("r", undefined, [dockerfile({ a: "1" }, args)]))), "r", "linux/amd64")
  expect(keyWith({ HTTP_PROXY: "http://one", no_proxy: "here" })).toBe(keyWith({}))
  expect(keyWith({ HTTP_PROXY_NAME: "one" })).not.toBe(keyWith({}))
})

test("files that changed, came and went are named, and so are arguments", () => {
  const step = dockerfile({ "setup.sh": "4", "new.sh": "5" }, { TORCH: "cu126" })
  const changed = {
    ...treeOf(...small.images.map((image) => (image.id === "ml" ? row("ml", "datascience", [step]) : image))),
    places: new Map([[step, { of: (path: string) => `images/ml/${path}` }]]),
  }
  expect(reasons(planOf(changed, allBuilt(small)))["ml"]).toEqual([
    { kind: "changed", path: "images/ml/big.bin", how: "removed" },
    { kind: "changed", path: "images/ml/new.sh", how: "added" },
    { kind: "changed", path: "images/ml/setup.sh", how: "changed" },
    { kind: "setting", field: "args.TORCH" },
  ])
})

test("an image that is gone from the store is built again", () => {
  const known = allBuilt(small)
  const gone = new Set([digestOf(keyAt(keysOf(small), "r", "linux/amd64"))])
  const plan = planOf(small, { ...known, gone })
  expect(reasons(plan)).toEqual({ r: [{ kind: "gone" }] })
})

test("a key counts as built only on the same parent digest", () => {
  const known = allBuilt(small)
  const keys = keysOf(small)
  const key = keyAt(keys, "base", "linux/amd64")
  const rebuilt = new Map([
    ...known.built,
    [key, [{ key, digest: digest("b"), parent: null, uses: {}, repository: "base" }]],
  ])
  const plan = planOf(small, { ...known, built: rebuilt })
  expect(builds(plan)).toEqual([["datascience", "r"], ["ml"]])
  expect(reasons(plan)["r"]).toEqual([{ kind: "parent", id: "base", because: "digest" }])
})

test("changed checks are run again on the image that is there", () => {
  const checks = { ...small.images[0]!.checks, commands: [{ run: "true", timeout: 60 }] }
  const plan = planOf(
    treeOf(...small.images.map((image) => (image.id === "r" ? { ...image, checks } : image))),
    allBuilt(small),
  )
  expect(plan.waves).toEqual([])
  expect(plan.check).toEqual([{ image: "r", platform: "linux/amd64", need: "checks-changed" }])
})

test("an external parent that moved in the lock is the reason", () => {
  const at = (digit: string): Tree =>
    treeOf(
      row("top", undefined, [pypi({ a: "1" })], {
        parent: { kind: "external", reference: "ghcr.io/x/y:1", locked: { "linux/amd64": digest(digit) } },
      }),
    )
  expect(reasons(planOf(at("2"), { ...nothing, previous: allBuilt(at("1")).previous }))["top"]).toEqual([
    { kind: "lock", reference: "ghcr.io/x/y:1" },
  ])
})

test("a plan survives its file", () => {
  const plan = planOf(small, nothing)
  expect(PlanFile.parse(JSON.parse(JSON.stringify(plan)))).toEqual(JSON.parse(JSON.stringify(plan)))
})

/** A tree in which each row is built on an earlier one. */
const trees: fc.Arbitrary<Tree> = fc
  .array(fc.record({ from: fc.nat(), version: fc.integer({ min: 0, max: 3 }) }), { minLength: 1, maxLength: 20 })
  .map((rows) =>
    treeOf(
      ...rows.map(({ from, version }, index) =>
        row(`i${index}`, index === 0 ? undefined : `i${from % index}`, [pypi({ [`p${index}`]: `${version}` })]),
      ),
    ),
  )

test("each row is in the plan once, and never before what it is built on", () => {
  fc.assert(
    fc.property(trees, fc.nat(), (tree, cut) => {
      const known = allBuilt(tree)
      const kept = new Map([...known.built].filter((_, index) => index % 3 !== cut % 3))
      const plan = planOf(tree, { ...known, built: kept })
      const waves = new Map(plan.waves.flatMap((wave, index) => wave.map(({ image }) => [image, index] as const)))
      const reused = new Set(plan.reuse.map(({ image }) => image))
      expect(waves.size + reused.size).toBe(tree.images.length)
      for (const image of tree.images)
        if (image.parent.kind === "image" && waves.has(image.id))
          expect(reused.has(image.parent.id) || waves.get(image.parent.id)! < waves.get(image.id)!).toBe(true)
    }),
  )
})

test("a change reaches the row and its descendants, and no other key", () => {
  fc.assert(
    fc.property(trees, fc.nat(), (tree, pick) => {
      const at = pick % tree.images.length
      const changed = treeOf(
        ...tree.images.map((image, index) =>
          index === at ? { ...image, steps: { "linux/amd64": [pypi({ other: "9" })] } } : image,
        ),
      )
      const [before, after] = [keysOf(tree), keysOf(changed)]
      const affected = new Set([tree.images[at]!.id])
      for (const image of tree.images) {
        if (image.parent.kind === "image" && affected.has(image.parent.id)) affected.add(image.id)
        const slot = slotOf(image.id, "linux/amd64")
        expect(before.get(slot)?.key === after.get(slot)?.key).toBe(!affected.has(image.id))
      }
    }),
  )
})

test("rows with one key in two repositories are built in each", () => {
  const twins = treeOf(row("a", undefined, [pypi({ x: "1" })]), row("b", undefined, [pypi({ x: "1" })]))
  const key = keyAt(keysOf(twins), "a", "linux/amd64")
  expect(keyAt(keysOf(twins), "b", "linux/amd64")).toBe(key)
  const built = new Map([[key, [{ key, digest: digest("a"), parent: null, uses: {}, repository: "a" }]]])
  expect(builds(planOf(twins, { ...nothing, built }))).toEqual([["b"]])
})
