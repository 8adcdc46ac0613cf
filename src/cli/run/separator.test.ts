import { expect, test } from "vitest"
import { makeProgram } from "../program.ts"
import { withSeparator } from "./separator.ts"

const program = makeProgram(() => Promise.resolve(), "0")

test.each([
  ["run lab true -V", "run lab -- true -V"],
  ["run lab python --help", "run lab -- python --help"],
  ["-C here run --port 0 lab -C there cmd -C x", "-C here run --port 0 lab -C there -- cmd -C x"],
  ["run --runtime=podman lab sh -c exit", "run --runtime=podman lab -- sh -c exit"],
  ["run lab -- true -V", "run lab -- true -V"],
  ["run lab --port 0", "run lab --port 0"],
  ["build a b c -V", "build a b c -V"],
  ["-C run build a b", "-C run build a b"],
])("%s is read as %s", (given, expected) => {
  expect(withSeparator(given.split(" "), program)).toEqual(expected.split(" "))
})
