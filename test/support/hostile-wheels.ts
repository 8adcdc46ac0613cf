import { createHash } from "node:crypto"
import { crc32, deflateRawSync } from "node:zlib"
import { quineZip } from "./quine.ts"
import { wheelOf, zipOf, type TestWheel, type WheelText } from "./wheels.ts"

/** A wheel called `demo-1.0-py3-none-any.whl` that must be refused, with a part of the sentence. */
export type HostileWheel = { readonly why: string; readonly make: () => TestWheel }

/** The local header and content of a member that no directory names. */
const hidden = zipOf([{ path: "evil.py", content: "evil" }]).subarray(0, 43)

/** Wheels of which one thing is wrong. */
const texts: Readonly<Record<string, readonly [why: string, text: Partial<WheelText>]>> = {
  "leaves the folder": ["leaves the folder", { members: [{ path: "../x" }] }],
  "leaves in the middle": ["leaves the folder", { members: [{ path: "demo/../../x" }] }],
  "an absolute name": ["absolute name", { members: [{ path: "/etc/passwd" }] }],
  "a drive letter": ["drive letter", { members: [{ path: "C:/x" }] }],
  "a backslash": ["backslash", { members: [{ path: "a\\b" }] }],
  "a zero byte": ["control character", { members: [{ path: "a\0b" }] }],
  "a newline": ["control character", { members: [{ path: "a\nb" }] }],
  "a symbolic link": ["symbolic link", { members: [{ path: "a", content: "/etc", mode: 0o120777 }] }],
  "a device": ["no regular file", { members: [{ path: "a", mode: 0o020644 }] }],
  "a duplicate": ["two members named", { members: [{ path: "a" }, { path: "a" }] }],
  "a case collision": ["differ in case only", { members: [{ path: "a.py" }, { path: "A.py" }] }],
  "a file and a folder": ["is a file and a folder", { members: [{ path: "a" }, { path: "a/b" }] }],
  "an encrypted member": ["is encrypted", { members: [{ path: "a", says: { flags: 0x801 } }] }],
  "a folder with content": ["has content", { members: [{ path: "a/", content: "x" }] }],
  "overlapping members": [
    "overlap",
    {
      members: [
        { path: "a", content: "x" },
        { path: "b", content: "x", sameAs: "a" },
      ],
    },
  ],
  "a size below the truth": ["cannot be unpacked to", { members: [{ path: "a", content: "xxxx", says: { size: 2 } }] }],
  "a size above the truth": ["lies about its size", { members: [{ path: "a", content: "xxxx", says: { size: 9 } }] }],
  "a packed size beyond the member": ["overlaps", { members: [{ path: "a", content: "x", says: { packed: 9_999 } }] }],
  "a wrong CRC": ["does not match its CRC", { members: [{ path: "a", content: "x", says: { crc: 1 } }] }],
  "another local name": ["another name", { members: [{ path: "a", content: "x", local: { path: "b" } }] }],
  "another local size": ["another size", { members: [{ path: "a", content: "x", local: { size: 7 } }] }],
  "another local CRC": ["another CRC", { members: [{ path: "a", content: "x", local: { crc: 7 } }] }],
  "another local method": ["another compression", { members: [{ path: "a", content: "x", local: { method: 0 } }] }],
  "bytes after a stream": [
    "bytes after its end",
    { members: [{ path: "a", content: "x", packed: Buffer.concat([deflateRawSync("x"), Buffer.from("junk")]) }] },
  ],
  "a stream that does not end": [
    "cannot be unpacked",
    { members: [{ path: "a", content: "x", packed: Buffer.from([0xaa]) }] },
  ],
  "a file that RECORD lacks": ["not in its RECORD", { members: [{ path: "a" }], record: { a: undefined } }],
  "another hash in RECORD": [
    "does not match its RECORD",
    { members: [{ path: "a" }], record: { a: `a,sha256=${"A".repeat(43)},0` } },
  ],
  "another size in RECORD": [
    "another size than its RECORD",
    { members: [{ path: "a" }], record: { a: "a,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,4" } },
  ],
  "MD5 in RECORD": [
    "no SHA-256 hash",
    { members: [{ path: "a" }], record: { a: "a,md5=d41d8cd98f00b204e9800998ecf8427e,0" } },
  ],
  "a .data that aims outside": ["leaves the folder", { members: [{ path: "demo-1.0.data/data/../../../etc/x" }] }],
  "an unknown .data": ["folder that installers know", { members: [{ path: "demo-1.0.data/config/x" }] }],
  "a script called python": [
    "part of the environment itself",
    { members: [{ path: "demo-1.0.data/scripts/python3" }] },
  ],
  "a data file over bin/python": [
    "part of the environment itself",
    { members: [{ path: "demo-1.0.data/data/bin/python3.11" }] },
  ],
  "a data file over pyvenv.cfg": [
    "part of the environment itself",
    { members: [{ path: "demo-1.0.data/data/pyvenv.cfg" }] },
  ],
  "a name that deletes": ["layers read as a deletion", { members: [{ path: "demo-1.0.data/scripts/.wh.python" }] }],
  "a name that empties a folder": ["layers read as a deletion", { members: [{ path: "demo/.wh..wh..opq" }] }],
  "an entry point that deletes": ["is no file name", { entryPoints: "[console_scripts]\n.wh.x = demo:main\n" }],
  "a file in the place of bin": ["part of the environment itself", { members: [{ path: "demo-1.0.data/data/bin" }] }],
  "a file in the place of include": [
    "part of the environment itself",
    { members: [{ path: "demo-1.0.data/data/include" }] },
  ],
  "another distribution's metadata in .data": [
    "stand for another distribution",
    { members: [{ path: "demo-1.0.data/purelib/numpy-9.0.dist-info/METADATA" }] },
  ],
  "another distribution's metadata among its data files": [
    "stand for another distribution, numpy",
    { members: [{ path: "demo-1.0.data/data/lib/python3.11/site-packages/numpy-9.0.dist-info/METADATA" }] },
  ],
  "another distribution's metadata among its data files in lib64": [
    "stand for another distribution, numpy",
    { members: [{ path: "demo-1.0.data/data/lib64/python3.11/site-packages/numpy-9.0.dist-info/METADATA" }] },
  ],
  "another distribution's metadata in capitals": [
    "stand for another distribution, numpy",
    { members: [{ path: "numpy-9.0.DIST-INFO/METADATA" }] },
  ],
  "another distribution's egg-info": [
    "stand for another distribution, numpy",
    { members: [{ path: "numpy-9.0-py3.11.egg-info/PKG-INFO" }] },
  ],
  "a file that is another distribution's egg-info": [
    "stand for another distribution, numpy",
    { members: [{ path: "numpy.egg-info" }] },
  ],
  "metadata of its own in another version": [
    "stand for another distribution, demo 9.0",
    { members: [{ path: "demo-9.0.egg-info/PKG-INFO" }] },
  ],
  "two members for one path": [
    "two of its members",
    { members: [{ path: "a.py" }, { path: "demo-1.0.data/purelib/a.py" }] },
  ],
  "an entry point that climbs": ["is no file name", { entryPoints: "[console_scripts]\n../x = demo:main\n" }],
  "an entry point of more than 255 bytes": [
    "is no file name",
    { entryPoints: `[console_scripts]\n${"é".repeat(128)} = demo:main\n` },
  ],
  "an entry point called python": [
    "replace the interpreter",
    { entryPoints: "[console_scripts]\npython = demo:main\n" },
  ],
  "an entry point that is code": [
    "names no function",
    { entryPoints: "[console_scripts]\nx = demo:main();import os\n" },
  ],
  "a wheel of version 2": ["Wheel-Version", { wheelVersion: "2.0" }],
  "another distribution's metadata": ["its metadata says", { metadata: "Name: other\nVersion: 1.0\n" }],
  "a byte order mark before its metadata": [
    "METADATA does not begin with its fields",
    { metadata: "\ufeffMetadata-Version: 2.1\nName: demo\nVersion: 1.0\n" },
  ],
  "a blank line before its metadata": [
    "METADATA does not begin with its fields",
    { metadata: "\nMetadata-Version: 2.1\nName: demo\nVersion: 1.0\n" },
  ],
  "a line of no field before its name": [
    "METADATA does not begin with its fields",
    { metadata: "Metadata-Version: 2.1\njunk\nName: demo\nVersion: 1.0\n" },
  ],
  "a WHEEL in other characters": [
    "no text in UTF-8",
    { wheel: Buffer.from("Wheel-Version: 1.0\nGenerator: caf\xe9\n", "latin1") },
  ],
  "a blank line before its WHEEL": ["its Wheel-Version is", { wheel: "\nWheel-Version: 1.0\nRoot-Is-Purelib: true\n" }],
  "another's .data": ["folder that installers know", { members: [{ path: "foo.data/x.txt" }] }],
  "another version's metadata": ["its metadata says", { metadata: "Name: demo\nVersion: 1.1\n" }],
  "a script that does not match its RECORD": [
    "does not match its RECORD",
    {
      members: [{ path: "demo-1.0.data/scripts/tool", content: "#!python\nprint()\n" }],
      record: { "demo-1.0.data/scripts/tool": `demo-1.0.data/scripts/tool,sha256=${"A".repeat(43)},17` },
    },
  ],
  "a script that RECORD has no hash for": [
    "no SHA-256 hash",
    {
      members: [{ path: "demo-1.0.data/scripts/tool", content: "#!python\n" }],
      record: { "demo-1.0.data/scripts/tool": "demo-1.0.data/scripts/tool,," },
    },
  ],
  "a quote in RECORD that does not end": ["a quote that does not end", { record: { x: '"x' } }],
  "a RECORD with two hashes for a file": ["two hashes", { record: { again: "demo/__init__.py,sha256=AAAA,1" } }],
  "a hidden member between two": [
    "followed by bytes of no member",
    { members: [{ path: "a", content: "x", after: hidden }] },
  ],
  "a hidden member behind a folder": [
    "followed by bytes of no member",
    { members: [{ path: "demo/", after: hidden }, { path: "demo/a" }] },
  ],
  "a hidden member behind a data descriptor": [
    "followed by bytes of no member",
    { members: [{ path: "a", content: "x", descriptor: true, after: hidden }] },
  ],
  "a hidden member behind a script that is not installed": [
    "followed by bytes of no member",
    {
      members: [{ path: "demo-1.0.data/scripts/x", content: "x", after: hidden }],
      entryPoints: "[console_scripts]\nx = demo:main\n",
    },
  ],
  "zip64 sizes that no file has": [
    "broken zip64 fields",
    { members: [{ path: "a", zip64: true, says: { size: 2 ** 60 } }] },
  ],
  "another zip64 size in its own header": [
    "another size",
    { members: [{ path: "a", content: "xx", zip64: true, local: { size: 1 } }] },
  ],
  "more than there may be in all": [
    "it unpacks to",
    { members: [{ path: "a", zip64: true, says: { size: 25 * 1024 ** 3 } }] },
  ],
  "a small bomb that lies about its size": [
    "cannot be unpacked to 10 bytes",
    {
      members: [{ path: "a", packed: deflateRawSync(Buffer.alloc(200 * 1024 ** 2), { level: 1 }), says: { size: 10 } }],
    },
  ],
  "a large bomb that lies about its size": [
    "cannot be unpacked to",
    {
      members: [
        {
          path: "a",
          packed: deflateRawSync(Buffer.alloc(200 * 1024 ** 2), { level: 1 }),
          says: { size: 2 * 1024 ** 2 },
        },
      ],
    },
  ],
  "a bomb of several members": [
    "times its size",
    { members: ["a", "b", "c"].map((path) => ({ path, content: Buffer.alloc(30 * 1024 ** 2) })) },
  ],
  "a data descriptor that disagrees": [
    "another data descriptor",
    { members: [{ path: "a", content: "x", descriptor: true, local: { described: 7 } }] },
  ],
  "a method that wheels do not use": ["compressed in a way (12)", { members: [{ path: "a", says: { method: 12 } }] }],
  "a name that is a folder up": ["leaves the folder", { members: [{ path: "demo/.." }] }],
  "a Windows share": ["backslash", { members: [{ path: "\\\\host\\share\\x" }] }],
  "a name that differs in its Unicode form only": [
    "are one name in two Unicode forms",
    { members: [{ path: "\u00e9.py" }, { path: "e\u0301.py" }] },
  ],
  "a name that differs in case and in its Unicode form": [
    "differ in case and Unicode form only",
    { members: [{ path: "\u00c9.py" }, { path: "e\u0301.py" }] },
  ],
  "a name that is too long": ["of more than 255 bytes", { members: [{ path: "x".repeat(300) }] }],
  "a pipe": ["no regular file", { members: [{ path: "a", mode: 0o010644 }] }],
  "a link in the place of a folder": ["is a symbolic link", { members: [{ path: "a/", mode: 0o120777 }] }],
  "a script that climbs": ["leaves the folder", { members: [{ path: "demo-1.0.data/scripts/../../x" }] }],
  "a .data of nothing": ["folder that installers know", { members: [{ path: "demo-1.0.data/x" }] }],
  "a data file in conda-meta": [
    "part of the environment itself",
    { members: [{ path: "demo-1.0.data/data/conda-meta/history" }] },
  ],
  "an entry point with a slash": ["is no file name", { entryPoints: "[console_scripts]\n/bin/x = demo:main\n" }],
  "an entry point called python3.11": [
    "replace the interpreter",
    { entryPoints: "[gui_scripts]\nPython3.11 = demo:main\n" },
  ],
  "an entry point and a file of one name": [
    "two of its members",
    { members: [{ path: "demo-1.0.data/data/bin/x" }], entryPoints: "[console_scripts]\nx = demo:main\n" },
  ],
  "a zip64 end in its last comment": ["another end", { lastComment: end64(0) }],
  "a zip64 end for part of it in its last comment": ["another end", { lastComment: end64(0).subarray(0, 56) }],
  "a second end in its comment": [
    "another end",
    { comment: Buffer.concat([Buffer.from("PK\u0005\u0006"), Buffer.alloc(18)]) },
  ],
  "an end that is cut short in its comment": ["another end", { comment: Buffer.from("x PK\u0005\u0006 x") }],
  "another name in an extra field": [
    "another name in an extra field",
    { members: [{ path: "a", extra: unicodePath("b", "a") }] },
  ],
  "another name in an extra field of its own header": [
    "another name in an extra field",
    { members: [{ path: "a", localExtra: unicodePath("b", "a") }] },
  ],
  "a name in no known characters": [
    "without saying that it is UTF-8",
    { members: [{ path: "\u00e9.py", says: { flags: 0 } }] },
  ],
  "a name in other characters in its own header": [
    "without saying that it is UTF-8",
    { members: [{ path: "\u00e9.py", local: { flags: 0 } }] },
  ],
  "a version that is none": ["Wheel-Version", { wheelVersion: "one" }],
}

/** Small wheels that unpack to more than a thread can hold. */
const exhausting: Readonly<Record<string, readonly [why: string, text: () => Partial<WheelText>]>> = {
  "60 million commas in its RECORD": [
    "RECORD` is larger than",
    () => ({ record: { x: `x${",".repeat(60_000_000)}` } }),
  ],
  "half a million commas in its RECORD": [
    "a row with too many fields",
    () => ({ record: { x: `x${",".repeat(500_000)}` } }),
  ],
  "2 million rows in its RECORD": ["RECORD` is larger than", () => ({ record: { x: manyRows(2_000_000) } })],
  "50,000 rows in its RECORD": ["its RECORD has more than", () => ({ record: { x: manyRows(50_000) } })],
  "800,000 commands": ["entry_points.txt` is larger than", () => ({ entryPoints: commands(800_000) })],
  "60,000 commands": ["has more than 5000 commands", () => ({ entryPoints: commands(60_000) })],
  "very much METADATA": [
    "METADATA` is larger than",
    () => ({ metadata: `Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n\n${"x".repeat(20_000_000)}` }),
  ],
}

/** Rows of RECORD for files that are not there. */
function manyRows(count: number): string {
  return Array.from({ length: count }, (_, index) => `${index},,`).join("\n")
}

function commands(count: number): string {
  return `[console_scripts]\n${Array.from({ length: count }, (_, index) => `c${index}=d:m`).join("\n")}\n`
}

/** Archives that are wrong as a whole. */
const archives: Readonly<Record<string, readonly [why: string, bytes: () => Buffer]>> = {
  "its end cut off": ["it is no zip archive", () => plain().subarray(0, -4)],
  "bytes after its end": ["bytes after its end", () => Buffer.concat([plain(), Buffer.from("x")])],
  "another archive after its end": ["not where it says", () => Buffer.concat([plain(), plain()])],
  "bytes before its first member": ["not where it says", () => Buffer.concat([Buffer.from("x"), plain()])],
  "fewer members than it says": ["ends early", () => zipOf([{ path: "a" }], { count: 2 })],
  "more members than it says": ["more members than it says", () => zipOf([{ path: "a" }, { path: "b" }], { count: 1 })],
  "no archive in it": ["it is no zip archive", () => Buffer.from("hello")],
  "nothing in it": ["it is no zip archive", () => Buffer.alloc(0)],
  "no members": ["0 `.dist-info` folders", () => zipOf([])],
  "itself in it and no metadata": [
    "0 `.dist-info` folders",
    () => zipOf([{ path: "demo-1.0-py3-none-any.whl", content: plain() }]),
  ],
  // A wheel cannot hold itself and its true hash: RECORD would hold the SHA-256 of what RECORD is in. So a wheel that is
  // good but for what it holds is refused for its RECORD, as long as SHA-256 has no fixed points to be found.
  "itself in it, without a hash": ["has no SHA-256 hash", () => wheelInItself("")],
  "itself in it, with a hash": ["does not match its RECORD", () => wheelInItself(`sha256=${"A".repeat(43)}`)],
  "two metadata folders": [
    "2 `.dist-info` folders",
    () => zipOf([{ path: "demo-1.0.dist-info/WHEEL" }, { path: "other-1.0.dist-info/WHEEL" }]),
  ],
  "an end around its end": ["another end", endAroundEnd],
  "a directory of 20 MB": [
    "its directory is too large",
    () => zipOf(Array.from({ length: 6_000 }, (_, index) => ({ path: `${index}/${"x/".repeat(1_700)}x` }))),
  ],
  "a million empty members": ["it has 1000000 members", () => manyMembers(1_000_000)],
}

function plain(): Buffer {
  return wheelOf({ name: "demo", version: "1.0" }).bytes
}

/** A zip64 end record and its locator, for a directory of no members that ends at `offset`. APPNOTE 4.3.14, 4.3.15. */
function end64(offset: number): Buffer {
  const end = Buffer.alloc(56 + 20)
  end.writeUInt32LE(0x06064b50, 0)
  end.writeBigUInt64LE(44n, 4)
  end.writeBigUInt64LE(BigInt(offset), 48)
  end.writeUInt32LE(0x07064b50, 56)
  end.writeBigUInt64LE(BigInt(offset), 64)
  end.writeUInt32LE(1, 72)
  return end
}

/** The extra field that gives a member's name in UTF-8 once more. APPNOTE 4.6.9. */
function unicodePath(name: string, header: string): Buffer {
  const field = Buffer.alloc(9)
  field.writeUInt16LE(0x7075, 0)
  field.writeUInt16LE(5 + Buffer.byteLength(name), 2)
  field.writeUInt8(1, 4)
  field.writeUInt32LE(crc32(header), 5)
  return Buffer.concat([field, Buffer.from(name)])
}

/** A member that holds an end record whose comment would be all that stands behind it. */
function endAroundEnd(): Buffer {
  const end = Buffer.alloc(22)
  end.write("PK\u0005\u0006", "latin1")
  const whole = (content: Buffer): Buffer =>
    wheelOf({ name: "demo", version: "1.0", method: 0, members: [{ path: "a", content }] }).bytes
  const archive = whole(end)
  end.writeUInt16LE(archive.length - archive.indexOf(end) - end.length, 20)
  return whole(end)
}

/** A wheel whose first member is the wheel, byte for byte. */
function wheelInItself(digest: string): Buffer {
  const inner = "demo/demo-1.0-py3-none-any.whl"
  const info = "demo-1.0.dist-info"
  const files = [
    { path: `${info}/METADATA`, content: "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n" },
    { path: `${info}/WHEEL`, content: "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n" },
  ]
  const rows = files.map(
    ({ path, content }) =>
      `${path},sha256=${createHash("sha256").update(content).digest("base64url")},${content.length}`,
  )
  const record = [...rows, `${inner},${digest},`, `${info}/RECORD,,`, ""].join("\n")
  return quineZip(inner, [...files, { path: `${info}/RECORD`, content: record }])
}

/** So many empty members as there are numbers, with a zip64 end record. APPNOTE 4.3.14, 4.3.15. */
function manyMembers(count: number): Buffer {
  const [local, central] = [Buffer.alloc(38), Buffer.alloc(54)]
  for (const [block, signature, at] of [
    [local, 0x04034b50, 26],
    [central, 0x02014b50, 28],
  ] as const) {
    block.writeUInt32LE(signature, 0)
    block.writeUInt16LE(8, at)
  }
  const [locals, centrals] = [Buffer.alloc(38 * count, local), Buffer.alloc(54 * count, central)]
  for (let index = 0; index < count; index++) {
    const name = String(index).padStart(8, "0")
    locals.write(name, 38 * index + 30, "latin1")
    centrals.write(name, 54 * index + 46, "latin1")
    centrals.writeUInt32LE(38 * index, 54 * index + 42)
  }
  const end = Buffer.alloc(56 + 20 + 22)
  end.writeUInt32LE(0x06064b50, 0)
  end.writeBigUInt64LE(44n, 4)
  for (const at of [24, 32]) end.writeBigUInt64LE(BigInt(count), at)
  end.writeBigUInt64LE(BigInt(centrals.length), 40)
  end.writeBigUInt64LE(BigInt(locals.length), 48)
  end.writeUInt32LE(0x07064b50, 56)
  end.writeBigUInt64LE(BigInt(locals.length + centrals.length), 64)
  end.writeUInt32LE(1, 72)
  end.writeUInt32LE(0x06054b50, 76)
  for (const at of [84, 86]) end.writeUInt16LE(0xffff, at)
  for (const at of [88, 92]) end.writeUInt32LE(0xffffffff, at)
  return Buffer.concat([locals, centrals, end])
}

const filename = "demo-1.0-py3-none-any.whl"

/** All of them, by what is wrong. */
export const hostileWheels: Readonly<Record<string, HostileWheel>> = Object.fromEntries([
  ...Object.entries(texts).map(
    ([what, [why, text]]) => [what, { why, make: () => wheelOf({ name: "demo", version: "1.0", ...text }) }] as const,
  ),
  ...Object.entries(exhausting).map(
    ([what, [why, text]]) => [what, { why, make: () => wheelOf({ name: "demo", version: "1.0", ...text() }) }] as const,
  ),
  ...Object.entries(archives).map(
    ([what, [why, bytes]]) =>
      [
        what,
        {
          why,
          make: () => {
            const made = bytes()
            return { filename, bytes: made, sha256: createHash("sha256").update(made).digest("hex") }
          },
        },
      ] as const,
  ),
])
