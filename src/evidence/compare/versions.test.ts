import { execFileSync } from "node:child_process"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { compareVersions } from "./versions.ts"

test.each([
  ["pypi", "1.0rc1", "1.0", "1.0.post1", "1!0.1"],
  ["pypi", "2.9", "2.10"],
  ["npm", "1.0.0-alpha.2", "1.0.0-alpha.10", "1.0.0-rc.1", "1.0.0", "1.0.10"],
  ["cran", "1.1.4", "1.1-10"],
  ["conda", "2024.1", "2024.10"],
  ["apk", "1.2.5-r0", "1.2.5-r10"],
  ["rpm", "1.0~rc1-1", "1.0-1.fc39", "1.0-1.fc40", "1.0^git1-1", "1.0.1-1", "1.9-1", "1.10-1", "1:0.1-1"],
  ["pypi", "not a version", "not b version"],
] as const)("%s: each is before the next", (ecosystem, ...versions) => {
  for (const [at, version] of versions.entries()) {
    expect(compareVersions(ecosystem, version, version)).toBe(0)
    const next = versions[at + 1]
    if (next === undefined) continue
    expect([version, next, Math.sign(compareVersions(ecosystem, version, next))]).toEqual([version, next, -1])
    expect(Math.sign(compareVersions(ecosystem, next, version))).toBe(1)
  }
})

test("Debian's versions are ordered as dpkg orders them", () => {
  const version = fc
    .tuple(
      fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
      fc.stringMatching(/^[0-9][0-9a-z.+~]{0,8}$/),
      fc.option(fc.stringMatching(/^[0-9a-z.+~]{1,6}$/), { nil: undefined }),
    )
    .map(([epoch, upstream, revision]) =>
      [epoch === undefined ? "" : `${epoch}:`, upstream, revision === undefined ? "" : `-${revision}`].join(""),
    )
  const dpkg = (a: string, relation: string, b: string): boolean => {
    try {
      execFileSync("dpkg", ["--compare-versions", a, relation, b], { stdio: "ignore" })
      return true
    } catch {
      return false
    }
  }
  fc.assert(
    fc.property(version, version, (a, b) => {
      const order = compareVersions("deb", a, b)
      expect(dpkg(a, order === 0 ? "eq" : order < 0 ? "lt" : "gt", b)).toBe(true)
    }),
    { numRuns: 150 },
  )
})
