import type { Shape } from "./wheel-shapes.ts"
import { wheelOf, type TestWheel } from "./wheels.ts"

const script = "#!python\nprint('made')\n"

/** Values of `Root-Is-Purelib` that the specification does not have. pip takes all but `true` in any case as false. */
const strange = { yes: "yes", number: "1", empty: "", upper: "FALSE", title: "True", twice: "true, false" }

/** Wheels for the shapes that few real ones have, or none, and for what nobody should write but everybody installs. */
export const madeWheels: readonly TestWheel[] = [
  wheelOf({
    name: "made-stored",
    version: "1.0",
    members: [
      { path: "made_stored/__init__.py", content: "x = 1\n", method: 0 },
      { path: "made_stored/data.bin", content: Buffer.alloc(100_000, "stored"), method: 0 },
      { path: "made_stored/empty.txt", content: "", method: 0 },
      { path: "made_stored/tool.sh", content: "#!/bin/sh\n", method: 0, mode: 0o100755 },
      { path: "made_stored-1.0.data/scripts/made-stored", content: script, method: 0, mode: 0o100755 },
    ],
  }),
  wheelOf({
    name: "made-names",
    version: "1.0",
    members: [
      { path: "made_names/__init__.py", content: "" },
      { path: "made_names/größe/日本語.txt", content: "text\n" },
      { path: "made_names/with space, comma.txt", content: "text\n" },
      { path: 'made_names/"quoted".txt', content: "text\n" },
      { path: "made_names-1.0.data/data/share/made/ß.txt", content: "text\n" },
    ],
  }),
  wheelOf({
    name: "made-data",
    version: "1.0",
    tag: "cp311-abi3-manylinux_2_17_x86_64",
    purelib: "false",
    members: [
      { path: "made_data/_native.abi3.so", content: Buffer.alloc(5_000, 7), mode: 0o100755 },
      { path: "made_data-1.0.data/purelib/made_data/__init__.py", content: "y = 1\n" },
      { path: "made_data-1.0.data/platlib/made_data/_other.so", content: Buffer.alloc(5_000, 8), mode: 0o100755 },
      { path: "made_data-1.0.data/headers/made.h", content: "int made;\n" },
      { path: "made_data-1.0.data/headers/more/made.h", content: "int more;\n" },
      { path: "made_data-1.0.data/data/share/made/data.txt", content: "data\n" },
      { path: "made_data-1.0.data/scripts/made-script", content: script },
      { path: "made_data-1.0.data/scripts/made-window", content: "#!pythonw\nprint('made')\n", mode: 0o100755 },
      { path: "made_data-1.0.data/scripts/made-arguments", content: "#!python -E\nprint('made')\n" },
      { path: "made_data-1.0.data/scripts/made-shell", content: "#!/bin/sh\necho made\n" },
      { path: "made_data-1.0.data/scripts/made-binary", content: Buffer.from("\x7fELF\0\0", "latin1") },
    ],
  }),
  wheelOf({
    name: "made-pure",
    version: "1.0",
    members: [
      { path: "made_pure/__init__.py", content: "z = 1\n" },
      { path: "made_pure-1.0.data/platlib/made_pure/_native.so", content: Buffer.alloc(5_000, 9) },
      { path: "made_pure-1.0.data/purelib/made_pure/more.py", content: "z = 2\n" },
    ],
  }),
  wheelOf({
    name: "made-described",
    version: "1.0",
    members: [
      { path: "made_described/__init__.py", content: "d = 1\n", descriptor: true },
      { path: "made_described/large.py", content: "d = 2\n".repeat(20_000), descriptor: true },
      { path: "made_described/wide.py", content: "d = 3\n", zip64: true },
    ],
  }),
  wheelOf({
    name: "made-licences",
    version: "1.0",
    members: [
      { path: "made_licences/__init__.py", content: "" },
      { path: "made_licences-1.0.dist-info/licenses/LICENSE", content: "one\n" },
      { path: "made_licences-1.0.dist-info/licenses/vendored/LICENSE", content: "two\n" },
      { path: "made_licences-1.0.dist-info/sboms/made.cdx.json", content: "{}\n" },
    ],
  }),
  wheelOf({
    name: "made-odd",
    version: "1.0",
    members: [
      { path: "made_odd/__init__.py", content: "def main(): pass\n" },
      { path: "made_odd-1.0.data/data/lib64/made-odd.txt", content: "in lib64\n" },
      { path: "another.data/purelib/made_odd.txt", content: "of another\n" },
    ],
    entryPoints: "[console_scripts]\nmade made-odd = made_odd:main\n",
    metadata: "Metadata-Version: 2.1\nName:\n made-odd\nVersion: 1.0\n",
  }),
  ...Object.entries(strange).map(([name, purelib]) =>
    wheelOf({ name: `made-purelib-${name}`, version: "1.0", purelib }),
  ),
]

/** The least of each shape that these have. */
export const madeShapes: Readonly<Partial<Record<Shape, number>>> = {
  ".data/purelib": 2,
  ".data/platlib": 2,
  ".data/headers": 1,
  ".data/scripts": 2,
  ".data/data": 2,
  "#!python script": 2,
  "non-ASCII name": 1,
  "several licences": 1,
  sbom: 1,
  "stored member": 1,
  "data descriptor": 1,
  abi3: 1,
}
