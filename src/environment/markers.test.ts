import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { linuxEnvironment, markerHolds } from "./markers.ts"
import { parseMarker } from "./marker-syntax.ts"

const environment = linuxEnvironment("3.11.2", "x86_64")

describe("markers", () => {
  it.each([
    ['python_version < "3.12"', true],
    ['python_version < "3.9"', false],
    ['python_version >= "3.10" and python_version < "4"', true],
    ["python_full_version == '3.11.*'", true],
    ["python_full_version == '3.12.*'", false],
    ["python_full_version != '3.12.*'", true],
    ['python_full_version < "3.11.3"', true],
    ['python_version ~= "3.8"', true],
    ['python_version in "3.10 3.11"', true],
    ['python_version not in "3.1 3.10"', true],
    ['"3.8" <= python_version', true],
    ['"3.12" < python_version', false],
    ['sys_platform == "linux"', true],
    ["sys_platform == 'win32' or os_name == 'posix'", true],
    ["sys_platform == 'win32' or sys_platform == 'darwin'", false],
    ["sys_platform == 'win32' or os_name == 'posix' and python_version < '3'", false],
    ["(sys_platform == 'linux' or os_name == 'nt') and python_version < '3'", false],
    ['platform_machine != "aarch64"', true],
    ['platform_machine in "x86_64 AMD64"', true],
    ['"linux" in sys_platform', true],
    ['platform_python_implementation == "CPython"', true],
    ['python_implementation == "PyPy"', false],
    ["os.name == 'posix'", true],
    ['extra == "test"', false],
    ['implementation_name == "cpython"', true],
    ['platform_release >= "5"', false],
    ['python_version > "3.11"', false],
    ['python_version == "3.11"', true],
  ])("%s is %s", (marker, expected) => {
    expect(markerHolds(marker, environment)).toBe(expected)
  })

  it("always holds without a marker, and knows extras by their plain name", () => {
    expect(markerHolds(undefined, environment)).toBe(true)
    expect(markerHolds('extra == "My_Extra"', { ...environment, extra: "my-extra" })).toBe(true)
  })

  it.each([
    "",
    "python_version",
    'python == "3"',
    '"a" "b"',
    'python_version == "3" and',
    '(os_name == "x"',
    'os_name == "x")',
    "os_name == 'x",
    "os_name not 'x'",
    "(".repeat(5000),
  ])("refuses %s", (marker) => {
    expect(parseMarker(marker)).toBe(undefined)
  })

  it("parses what it is made of, and never throws", () => {
    const name = fc.constantFrom("os_name", "python_version", "sys_platform")
    const operator = fc.constantFrom("==", "!=", "<", ">=", "in", "not in")
    const comparison = fc.tuple(name, operator, fc.constantFrom("'linux'", '"3.9"')).map((parts) => parts.join(" "))
    const marker = fc.letrec<{ all: string }>((tie) => ({
      all: fc.oneof(
        { maxDepth: 4 },
        comparison,
        fc.tuple(tie("all"), fc.constantFrom("and", "or"), tie("all")).map(([a, op, b]) => `(${a}) ${op} ${b}`),
      ),
    })).all
    fc.assert(
      fc.property(marker, (text) => {
        expect(markerHolds(text, environment)).toBeTypeOf("boolean")
      }),
    )
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(["undefined", "object"]).toContain(typeof parseMarker(text))
      }),
    )
  })
})
