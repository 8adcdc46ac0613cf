import { expect, test } from "vitest"
import { labelWords } from "./labels.ts"

test("labels of all images come first, others by name; long ones are cut, and of many there is a number", () => {
  expect(labelWords({})).toBe("")
  expect(labelWords({ b: "2", a: "1\n2" })).toBe("a=1 2, b=2")
  expect(
    labelWords({
      "org.opencontainers.image.source": `https://example.org/${"x".repeat(60)}`,
      "org.opencontainers.image.version": "1.2",
      "org.opencontainers.image.other": "x",
      maintainer: "somebody",
      z: "26",
      y: "25",
    }),
  ).toBe(
    "version=1.2, source=https://example.org/xxxxxxxxxxxxxxxxxxxx…, maintainer=somebody, other=x, 2 more in --json",
  )
})
