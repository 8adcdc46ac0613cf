import * as fc from "fast-check"
import { expect, test } from "vitest"
import { parseChallenges } from "./challenge.ts"

test("one bearer challenge", () => {
  expect(
    parseChallenges(
      'Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push"',
    ),
  ).toEqual([
    {
      scheme: "bearer",
      parameters: {
        realm: "https://auth.example/token",
        service: "registry.example",
        scope: "repository:a/b:pull,push",
      },
    },
  ])
})

test("several challenges in one line, tokens, escapes and odd spacing", () => {
  expect(parseChallenges('Negotiate, Digest nonce = abc , qop="auth,\\"int\\"",BASIC Realm="x"')).toEqual([
    { scheme: "negotiate", parameters: {} },
    { scheme: "digest", parameters: { nonce: "abc", qop: 'auth,"int"' } },
    { scheme: "basic", parameters: { realm: "x" } },
  ])
  expect(parseChallenges("Negotiate YWJj==, Basic realm=x")).toEqual([
    { scheme: "negotiate", parameters: {} },
    { scheme: "basic", parameters: { realm: "x" } },
  ])
})

test("nothing, and what cannot be read", () => {
  expect(parseChallenges("")).toEqual([])
  expect(parseChallenges('Bearer realm="never closed')).toEqual([{ scheme: "bearer", parameters: {} }])
  expect(parseChallenges("Bearer __proto__=x").map(({ parameters }) => Object.keys(parameters))).toEqual([
    ["__proto__"],
  ])
})

test("what is written is read again", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/)
  const challenge = fc.record({
    scheme: name,
    parameters: fc.dictionary(name, fc.string(), { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
  })
  fc.assert(
    fc.property(fc.array(challenge, { maxLength: 4 }), (challenges) => {
      const written = challenges.map(({ scheme, parameters }) => {
        const pairs = Object.entries(parameters).map(([key, value]) => `${key}="${value.replaceAll(/["\\]/g, "\\$&")}"`)
        return `${scheme} ${pairs.join(", ")}`
      })
      expect(parseChallenges(written.join(", "))).toEqual(challenges)
    }),
  )
})

test("any text is read in bounded time and without an error", () => {
  fc.assert(fc.property(fc.string({ maxLength: 2000 }), (text) => Array.isArray(parseChallenges(text))))
  expect(parseChallenges(`Bearer ${"=,".repeat(100_000)}`)).toBeInstanceOf(Array)
})
