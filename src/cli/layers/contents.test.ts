import { expect, test } from "vitest"
import { readContents } from "./contents.ts"

test.each([
  ["nbstacks: numpy 1.26.4, six 1.16.0", ["numpy 1.26.4", "six 1.16.0"], undefined],
  ["nbstacks: torch 2.9.0+cu126 (part 2)", ["torch 2.9.0+cu126"], "part 2"],
  ["nbstacks: numpy 1.26.4 (bytecode), six 1.16.0", ["numpy 1.26.4 (bytecode)", "six 1.16.0"], undefined],
  ["nbstacks: environment", [], "environment"],
  ["nbstacks bootstrap bookworm", [], "nbstacks bootstrap bookworm"],
  ["RUN  apt-get update \\\n  && true", [], "RUN apt-get update \\ && true"],
  [undefined, [], undefined],
])("%j", (createdBy, packages, title) => {
  expect(readContents(createdBy)).toEqual({ packages, title })
})
