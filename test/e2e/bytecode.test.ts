import { utimes } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { Content } from "../../src/host/files.ts"
import { makeHost } from "../../src/host/node/host.ts"
import { hostInterpreter, type Interpreter } from "../../src/packages/bytecode/interpreter.ts"
import { bytecodePath } from "../../src/packages/bytecode/magic.ts"
import { bytecodePool } from "../../src/packages/bytecode/pool.ts"
import { compiled, downloadWheels, machinePython, unpacked, writtenWheel } from "../support/bytecode.ts"

const host = makeHost(process.env)
const signal = new AbortController().signal
const asking = { signal, say: () => undefined }
let folder: string
let python: { minor: string; full: string }
let interpreter: Interpreter

beforeAll(async () => {
  folder = await host.files.makeTemporary("nbstacks-bytecode-")
  python = await machinePython(host)
  const found = await hostInterpreter(host, python.full, asking)
  if (found === undefined) throw new Error("python3 writes no bytecode for its own version")
  interpreter = found
})

afterAll(() => host.files.remove(folder))

const succeed = async (...argv: [string, ...string[]]): Promise<string> => {
  const { code, stdout, stderr } = await host.run({ argv, env: { ...host.env, PYTHONDONTWRITEBYTECODE: "" } })
  if (code !== 0) throw new Error(stderr)
  return stdout + stderr
}

test("real wheels: Python takes the bytecode as it is, an edited file counts, and pip takes all away again", async () => {
  const place = await host.files.makeTemporary("real-", folder)
  const projects = ["attrs==25.3.0", "markupsafe==3.0.2", "jinja2==3.1.6", "traitlets==5.14.3"]
  const wheels = await downloadWheels(host, join(place, "wheels"), projects)
  const prefix = join(place, "env")
  await succeed("python3", "-m", "venv", prefix)
  const run = join(prefix, "bin", "python")
  const pip = [run, "-m", "pip", "--quiet", "--disable-pip-version-check"] as const
  await succeed(...pip, "install", "--no-deps", "--no-index", "--no-compile", ...wheels.map(({ file }) => file))
  const site = join(prefix, "lib", `python${python.minor}`, "site-packages")
  let count = 0
  for (const wheel of wheels) {
    const pack = await compiled(wheel, { host, interpreter, folder: place, python: python.minor, prefix })
    for (const [path, bytes] of await unpacked(host, pack)) {
      await host.files.write(join(prefix, path), bytes)
      const source = join(prefix, sourceOf(path))
      await utimes(source, 315_532_800, 315_532_800)
      const { size } = (await host.files.stat(source)) ?? { size: -1 }
      expect([bytes.readUInt32LE(4), bytes.readUInt32LE(8), bytes.readUInt32LE(12)]).toEqual([0, 315_532_800, size])
      count += 1
    }
  }
  const sources = (await filesBelow(site)).filter(
    (path) => path.endsWith(".py") && !/\/(pip|setuptools|_distutils_hack|pkg_resources)\//.test(path),
  )
  expect(count).toBe(sources.filter((path) => !path.endsWith("distutils-precedence.py")).length)

  const script =
    "import attr, attrs, jinja2, markupsafe, traitlets, os; print(attr.__file__, attr.define.__code__.co_filename)"
  const said = await succeed(run, "-v", "-c", script)
  const own = said.split("\n").filter((line) => line.includes(site))
  expect(own.filter((line) => /^# (wrote|bytecode is stale|could not|wrong)/.test(line))).toEqual([])
  expect(
    own.filter((line) => line.startsWith("# code object from '")).filter((line) => !line.endsWith(".pyc'")),
  ).toEqual([])
  expect(own.filter((line) => /^# code object from '.*\.pyc'$/.test(line)).length).toBeGreaterThan(30)
  expect(said).toContain(`${site}/attr/__init__.py ${site}/attr/_next_gen.py`)

  const edited = join(site, "markupsafe", "__init__.py")
  await host.files.write(edited, `${await host.files.readText(edited)}\nedited = "yes"\n`)
  expect(await succeed(run, "-c", "import markupsafe; print(markupsafe.edited)")).toBe("yes\n")

  await succeed(...pip, "uninstall", "--yes", "attrs", "markupsafe", "jinja2", "traitlets")
  expect((await filesBelow(site)).filter((path) => /\/(attrs?|markupsafe|jinja2|traitlets)\//.test(path))).toEqual([])
})

test("the same bytes in other folders, with other settings of the machine, and beside other work", async () => {
  const place = await host.files.makeTemporary("same-", folder)
  const wheels = await downloadWheels(host, join(place, "wheels"), ["jedi==0.19.2", "pygments==2.19.2"])
  const odd = makeHost({
    ...process.env,
    LC_ALL: "tr_TR.UTF-8",
    TZ: "Pacific/Kiritimati",
    PYTHONHASHSEED: "77",
    PYTHONOPTIMIZE: "2",
    PYTHONWARNINGS: "error",
    PYTHONPATH: place,
    PYTHONHOME: place,
    TMPDIR: place,
  })
  await host.files.write(join(place, "resource.py"), "raise SystemExit('this must not be read')\n")
  const other = await hostInterpreter(odd, python.full, asking)
  expect(other?.build).toBe(interpreter.build)
  for (const wheel of wheels) {
    const usual = { host, interpreter, folder: place, python: python.minor }
    const first = await compiled(wheel, usual)
    expect(first.files.length).toBeGreaterThan(50)
    const bytes = await host.files.read(first.file)
    const again = await Promise.all([
      ...[1, 2, 3, 4].map(() => compiled(wheel, usual)),
      compiled(wheel, { ...usual, host: odd, interpreter: other ?? interpreter }),
    ])
    for (const pack of again) {
      expect(pack.files).toEqual(first.files)
      expect(Buffer.compare(await host.files.read(pack.file), bytes)).toBe(0)
    }
    const sorted = first.files.map(({ path }) => sourceOf(path))
    expect(sorted).toEqual([...sorted].sort())
  }
})

describe("what is in a wheel", () => {
  const compile = async (
    members: Parameters<typeof writtenWheel>[2],
    more: Partial<Parameters<typeof compiled>[1]> = {},
  ): Promise<ReadonlyMap<string, Buffer>> => {
    const place = await host.files.makeTemporary("wheel-", folder)
    const wheel = await writtenWheel(host, place, members)
    return unpacked(host, await compiled(wheel, { host, interpreter, folder: place, python: python.minor, ...more }))
  }

  test("only what comes below site-packages, wherever it stands in the archive; the rest is left out in silence", async () => {
    const site = `lib/python${python.minor}/site-packages`
    const found = await compile([
      { path: "demo/__init__.py", content: "x = 1\n" },
      { path: "demo/latin.py", content: Buffer.from("# coding: latin-1\nname = '\xe9'\n", "latin1") },
      { path: "demo/empty.py", content: "" },
      { path: "demo/warns.py", content: "x = '\\d' is 1\n" },
      { path: "demo/data.txt", content: "x = 1\n" },
      { path: "demo/old.py", content: "print 'Python 2'\n" },
      { path: "demo/template.py", content: "class {{ name }}: pass\n" },
      { path: "demo/null.py", content: "x = 1\0\n" },
      { path: "demo/undecodable.py", content: Buffer.from("x = '\xff'\n", "latin1") },
      { path: "demo/deep.py", content: `x = ${"(".repeat(5000)}${")".repeat(5000)}\n` },
      { path: "demo/nested.py", content: `x = ${"-".repeat(100_000)}1\n` },
      { path: "demo-1.0.data/purelib/pure.py", content: "x = 2\n" },
      { path: `demo-1.0.data/data/${site}/data.py`, content: "x = 3\n" },
      { path: "demo-1.0.data/data/share/other.py", content: "x = 4\n" },
      { path: "demo-1.0.data/scripts/tool.py", content: "#!python\nx = 5\n" },
    ])
    const expected = ["data.py", "demo/__init__.py", "demo/empty.py", "demo/latin.py", "demo/warns.py", "pure.py"]
    expect([...found.keys()]).toEqual(expected.map((path) => bytecodePath(`${site}/${path}`, python.minor)))
  })

  test("nothing of it is executed", async () => {
    const mark = join(folder, "executed")
    const found = await compile([{ path: "demo/a.py", content: `open(${JSON.stringify(mark)}, "w").close()\n` }])
    expect(found.size).toBe(1)
    expect(await host.files.stat(mark)).toBeUndefined()
  })

  test("a wheel without Python files has no bytecode", async () => {
    expect((await compile([{ path: "demo/data.txt", content: "x" }])).size).toBe(0)
  })

  const instead = (script: string): Interpreter => ({
    build: "none",
    command: () => ({ argv: ["/bin/sh", "-c", script], env: { PATH: process.env["PATH"] } }),
  })
  const one = [{ path: "demo/__init__.py", content: "x = 1\n" }]

  test("a crash names the wheel and where it was", async () => {
    const crash = instead("kill -SEGV $$")
    await expect(compile(one, { interpreter: crash })).rejects.toMatchObject({
      code: "no",
      message: expect.stringMatching(
        /^Cannot compile the bytecode of demo-1\.0-.*: Python ended with 139 at .*demo\/__init__\.py/,
      ),
      hint: expect.stringContaining("bytecode: none"),
    })
  })

  test("an answer that is cut off, or too long, is none", async () => {
    for (const script of [
      "cat >/dev/null; printf '\\0\\0\\0\\11abc'",
      "cat >/dev/null; printf '\\0\\0\\0\\0\\0\\0\\0\\0'",
    ])
      await expect(compile(one, { interpreter: instead(script) })).rejects.toMatchObject({
        code: "no",
        message: expect.stringContaining("did not answer as it should"),
      })
  })

  test("an error of the disk is told as it is, and Python ends", async () => {
    const full = {
      ...host,
      files: {
        ...host.files,
        write: async (_: string, content: Content) => {
          for await (const piece of content as AsyncIterable<Uint8Array>)
            if (piece.length > 0) throw new Error("no space")
        },
      },
    }
    const many = Array.from({ length: 300 }, (_, index) => ({
      path: `demo/m${index}.py`,
      content: "x = 1\n".repeat(500),
    }))
    await expect(compile(many, { host: full })).rejects.toThrow("no space")
  })

  test("one that does not come to an end is ended, with all that it started", async () => {
    const mark = join(folder, "never")
    const endless = instead(`(sleep 1000; touch ${mark}) & sleep 1000`)
    await expect(compile(one, { interpreter: endless, seconds: 1 })).rejects.toMatchObject({
      code: "no",
      message: expect.stringContaining("took longer than 1 seconds"),
    })
  })

  test("wheels are compiled side by side, but no more than there may be processes, whether they succeed or not", async () => {
    const place = await host.files.makeTemporary("side-", folder)
    const wheel = await writtenWheel(host, place, one)
    const count = join(place, "count")
    // Each says that it runs, stays until another one has, and says how many there are.
    const busy = instead(`touch ${count}.$$; n=0
      while [ $(ls ${count}.* | wc -l) -lt 2 ] && [ $n -lt 500 ]; do n=$((n+1)); sleep 0.02; done
      ls ${count}.* | wc -l >>${place}/seen; sleep 0.1; rm ${count}.$$; exit 1`)
    await using pool = bytecodePool(host, 2)
    const target = { prefix: "/opt/env", kind: "venv", python: python.minor, uid: 0, gid: 0 } as const
    const all = await Promise.allSettled(
      Array.from({ length: 6 }, async () => {
        const packs = await host.files.makeTemporary("pack-", place)
        return await pool.compile(wheel, { target, interpreter: busy, folder: packs, signal })
      }),
    )
    expect(all.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => "rejected"))
    const seen = (await host.files.readText(join(place, "seen"))).trim().split(/\s+/).map(Number)
    expect(seen).toHaveLength(6)
    expect(Math.max(...seen)).toBe(2)
  })

  test("an abort ends it, and leaves nothing but what was there", async () => {
    const place = await host.files.makeTemporary("abort-", folder)
    const wheel = await writtenWheel(host, place, one)
    const pid = join(place, "pid")
    const abort = new AbortController()
    const work = compiled(wheel, {
      host,
      interpreter: instead(`echo $$ > ${pid}.part; mv ${pid}.part ${pid}; exec sleep 1000`),
      folder: place,
      python: python.minor,
      signal: abort.signal,
    })
    const ended = work.catch((error: unknown) => error)
    while ((await host.files.stat(pid)) === undefined) await host.sleep(20)
    abort.abort(new Error("enough"))
    expect(await ended).toMatchObject({ message: "enough" })
    expect(await host.files.stat(`/proc/${(await host.files.readText(pid)).trim()}`)).toBeUndefined()
    const left = (await filesBelow(place)).filter((path) => path !== pid && path !== wheel.file)
    expect(left).toEqual([])
  })
})

function sourceOf(path: string): string {
  return path.replace(/__pycache__\/([^/]+)\.cpython-\d+\.pyc$/, "$1.py")
}

async function filesBelow(place: string): Promise<string[]> {
  const found: string[] = []
  for (const { name, kind } of (await host.files.list(place)) ?? []) {
    const path = join(place, name)
    if (kind === "directory") found.push(...(await filesBelow(path)))
    else found.push(path)
  }
  return found
}
