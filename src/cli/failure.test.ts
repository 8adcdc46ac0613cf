import pc from "picocolors"
import { expect, test } from "vitest"
import { Failure } from "../failure.ts"
import { asFailure, exitCodeOf, renderFailure } from "./failure.ts"

const system = (code: string, more: object): Error => Object.assign(new Error(code), { code, ...more })
const text = (error: unknown): string => renderFailure(error, pc.createColors(false))

test.each([
  ["EACCES", { syscall: "open", path: "/a" }, "Cannot use /a: permission denied"],
  ["EROFS", { syscall: "mkdir", path: "/a" }, "Cannot write /a: the file system is read-only"],
  ["EISDIR", { syscall: "read", path: "/a" }, "Cannot read /a: it is a folder, not a file"],
  ["ENOSPC", { syscall: "write" }, "Cannot write a file: no space is left"],
  ["ENOENT", { syscall: "mkdir", path: "/proc/x" }, "Cannot write /proc/x: no folder can be made there"],
  ["EADDRINUSE", { syscall: "listen", port: 8888 }, "Port 8888 is in use"],
])("%s %j is a sentence with a hint, not a bug", (code, more, sentence) => {
  const error = system(code, more)
  expect(text(error)).toMatch(new RegExp(`^error: ${sentence}\n\nhint: `))
  expect(exitCodeOf(error)).toBe(2)
})

test.each([system("ENOENT", { syscall: "open", path: "/a" }), system("ERR_INVALID_ARG_TYPE", {}), new Error("no")])(
  "%s stays a bug",
  (error) => {
    expect(asFailure(error)).toBe(error)
    expect(exitCodeOf(error)).toBe(70)
  },
)

test("an error while cleaning up hides the first one nowhere", () => {
  const first = new Failure("temporary", "The registry is down")
  const both = new SuppressedError(new Error("cleaning up"), new SuppressedError(new Error("again"), first))
  expect([exitCodeOf(both), text(both)]).toEqual([3, "error: The registry is down\n"])
})
