import { createHash } from "node:crypto"
import { dirname, join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { readRunnable } from "../../src/checks/image.ts"
import { pickRuntime } from "../../src/checks/runtime/pick.ts"
import { hold, runtimeNames, type Executed, type Mount, type RuntimeName } from "../../src/checks/runtime/runtime.ts"
import type { Host } from "../../src/host/host.ts"
import { makeHost } from "../../src/host/node/host.ts"
import type { Digest } from "../../src/oci/digest.ts"
import { readImage, type Image } from "../../src/oci/image.ts"
import { readMerged } from "../../src/oci/merged.ts"
import { serveStore, type StoreServer } from "../../src/oci/store/server/serve.ts"
import type { Step } from "../../src/tree/step.ts"
import { debianBase } from "../support/debian.ts"
import { startDocker } from "../support/docker.ts"
import { nativeBench, pypiStep, uvProgram, type NativeBench } from "../support/native.ts"
import { knowWheels, wheelList, type WheelList } from "../support/wheel-lists.ts"

const signal = new AbortController().signal

let stack: AsyncDisposableStack
let host: Host
let bench: NativeBench
let server: StoreServer
let base: Image
let list: WheelList
let image: Image

beforeAll(async () => {
  stack = new AsyncDisposableStack()
  const docker = stack.use(await startDocker())
  bench = stack.use(await nativeBench({ env: { DOCKER_HOST: docker.address } }))
  host = makeHost({ ...docker.host.env, NBSTACKS_CACHE: join(bench.folder, "cache") })
  server = stack.use(await serveStore(bench.store, host, { port: 0 }))
  list = await wheelList(host, "image")
  await knowWheels(host, join(bench.folder, "cache"))
  const { digest } = await debianBase(host, bench.store)
  base = await bench.parent(await readImage(bench.store, "base", digest))
  image = await bench.execute(pypiStep(list.requirements), base)
})

afterAll(async () => {
  await stack.disposeAsync()
})

type Options = { readonly runtime?: RuntimeName; readonly mount?: Mount; readonly timeout?: number }

/** Runs commands one after the other in one container of an image. */
async function inside(of: Image, commands: readonly string[], options: Options = {}): Promise<readonly Executed[]> {
  const runtime = await pickRuntime(host, { name: options.runtime ?? "bubblewrap", address: server.address, signal })
  const location = { store: bench.store, repository: "parent", digest: bench.digestOf(of) as Digest }
  const job = { command: () => hold, bare: true, env: { HOME: "/tmp" }, signal, say: () => undefined }
  const mount = options.mount === undefined ? {} : { mount: options.mount }
  await using container = await runtime.start(await readRunnable("image", location), { ...job, ...mount })
  const results: Executed[] = []
  for (const command of commands)
    results.push(await container.exec(["/bin/sh", "-c", command], { timeout: options.timeout ?? 120, signal }))
  return results
}

test("`pip check` and `uv pip check` find nothing wrong", async () => {
  const mount = { from: dirname(await uvProgram(host)), to: "/mnt" }
  const commands = ["python -m pip check", "/mnt/uv pip check --no-cache --python /opt/env/bin/python"]
  const [pip, uv] = await inside(image, commands, { mount })
  expect(pip).toMatchObject({ code: 0, output: "No broken requirements found.\n" })
  expect(uv?.output).toContain(`Checked ${list.requirements.length} packages`)
  expect(uv).toMatchObject({ code: 0, output: expect.stringContaining("All installed packages are compatible") })
})

/** Prints a line for each distribution, once every file of it has the size and hash that its RECORD says. */
const everything = `
import base64, hashlib, importlib.metadata as metadata
for one in sorted(metadata.distributions(), key=lambda one: one.metadata["Name"].lower()):
    if "/opt/env/" not in str(one.locate_file("")): continue
    for file in one.files:
        data = file.locate().read_bytes()
        if file.hash is not None:
            assert file.size == len(data), file
            digest = base64.urlsafe_b64encode(hashlib.new(file.hash.mode, data).digest())
            assert digest.rstrip(b"=").decode() == file.hash.value, file
    assert one.read_text("INSTALLER") == "nbstacks\\n" and one.read_text("direct_url.json") is None
    print(one.metadata["Name"].lower().replace("_", "-").replace(".", "-") + "==" + one.version, len(one.files) > 3)
`

test("importlib.metadata finds every distribution with its version and all of its files as they should be", async () => {
  const [found] = await inside(image, [`python -c '${everything}'`])
  const expected = list.requirements.map(({ name, version }) => `${name}==${version} True\n`)
  expect(found).toMatchObject({ code: 0, output: expected.sort().join("") })
})

/** Prints the files of some distributions, and the folders that they stand in. */
const filesOfThem = (names: readonly string[]): string => `
import importlib.metadata as metadata, os
for name in "${names.join(" ")}".split():
    for file in metadata.files(name):
        path = os.path.realpath(file.locate())
        print(path)
        print(os.path.dirname(path))
`

test("pip uninstalls what we installed, and nothing of it is left", async () => {
  const names = ["greenlet", "jmespath", "jsonpointer", "jupyterlab-widgets", "pyserial", "requests", "paste"]
  const [listed, removed, left, rest] = await inside(image, [
    `python -c '${filesOfThem(names)}' | sort -u >/tmp/files; wc -l </tmp/files`,
    `python -m pip uninstall -y ${names.join(" ")}`,
    'while read -r path; do test ! -e "$path" || echo "$path"; done </tmp/files',
    "python -m pip check; python -m pip list --format freeze | wc -l",
  ])
  expect(Number(listed?.output)).toBeGreaterThan(300)
  expect(removed).toMatchObject({ code: 0 })
  // Folders that others have too.
  const shared = ["", "/bin", "/share", "/share/jupyter", "/share/jupyter/labextensions"].map(
    (path) => `/opt/env${path}`,
  )
  const folders = (left?.output ?? "").split("\n").filter((path) => path !== "" && !shared.includes(path))
  expect(folders).toEqual(["/opt/env/lib/python3.11/site-packages"])
  expect(rest?.output.trim().split("\n").at(-1)).toBe(String(list.requirements.length - names.length))
})

test.each([
  ["numpy", "numpy.lib.tests.test_function_base numpy._core.tests.test_umath numpy.linalg.tests.test_linalg", 2_000],
  ["pandas", "pandas.tests.series.methods pandas.tests.frame.indexing", 2_000],
])("the tests that %s ships pass inside", async (_, modules, least) => {
  const pytest = `cd /tmp && python -m pytest -q -p no:cacheprovider --disable-warnings -m "not slow" --pyargs ${modules} 2>&1 | tail -n 15`
  const [result] = await inside(image, [pytest], { timeout: 900 })
  const [, passed = "0"] = /(\d+) passed/.exec(result?.output ?? "") ?? []
  expect(result?.output).not.toMatch(/\d+ (?:failed|error)/)
  expect(Number(passed)).toBeGreaterThan(least)
})

test("a replaced package is as in a fresh image, for Docker, Podman and bubblewrap too", async () => {
  const old = await wheelList(host, "old")
  const names = ["greenlet", "jmespath", "pyserial"]
  const of = ({ requirements }: WheelList) => requirements.filter(({ name }) => names.includes(name))
  const newer = of(list)
  const before = await bench.execute(pypiStep(of(old)), base)
  const replaced = await bench.execute({ ...pypiStep(newer), replace: true } as Step, before)
  const fresh = await bench.execute(pypiStep(newer), base)
  const files = async (one: Image): Promise<readonly string[]> => {
    const merged = await readMerged(one)
    return [...merged.below("/opt/env")].flatMap(({ path, kind, mode, size }) =>
      kind === "directory"
        ? []
        : [`${path} ${kind === "symlink" ? "l" : "f"} ${kind === "symlink" ? 0 : size} ${(mode & 0o777).toString(8)}`],
    )
  }
  const expected = await files(fresh)
  expect(await files(replaced)).toEqual(expected)
  expect(expected.length).toBeGreaterThan(150)
  const listing = `find /opt/env -type l -printf "%p l 0 %m\\n" -o -type f ! -name "*.pyc" -printf "%p f %s %m\\n" | cut -c2- | LC_ALL=C sort | sha256sum`
  const sum = createHash("sha256")
    .update(
      [...expected]
        .sort()
        .map((line) => `${line}\n`)
        .join(""),
    )
    .digest("hex")
  for (const runtime of runtimeNames) {
    const [found, imported] = await inside(
      replaced,
      [
        listing,
        "python -c 'import greenlet, jmespath, serial; print(greenlet.__version__, jmespath.__version__, serial.__version__)'",
      ],
      { runtime },
    )
    expect([runtime, found?.output.split(" ")[0]]).toEqual([runtime, sum])
    expect(imported?.output).toBe("3.5.6 1.1.0 3.5\n")
  }
})
