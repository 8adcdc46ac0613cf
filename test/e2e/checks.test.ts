import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { CheckReport } from "../../src/checks/report.ts"
import { runChecks } from "../../src/checks/run-checks.ts"
import { pickRuntime } from "../../src/checks/runtime/pick.ts"
import type { Runtime } from "../../src/checks/runtime/runtime.ts"
import type { Host } from "../../src/host/host.ts"
import { makeHost } from "../../src/host/node/host.ts"
import { digestOf } from "../../src/oci/digest.ts"
import type { Location } from "../../src/oci/store/store.ts"
import type { CheckSpec } from "../../src/tree/checks.ts"
import { jupyterImages, keptCache, smallLayer, type JupyterImages } from "../support/jupyter.ts"

const signal = new AbortController().signal
const nothing: CheckSpec = {
  profile: "jupyter",
  kernels: [],
  imports: {},
  notebooks: [],
  paths: [],
  commands: [],
  later: {},
}

let host: Host
let images: JupyterImages
let runtime: Runtime

beforeAll(async () => {
  host = makeHost({ ...process.env, XDG_CACHE_HOME: keptCache(makeHost(process.env)) })
  images = await jupyterImages(host)
  runtime = await pickRuntime(host, { name: "bubblewrap", signal })
})

afterAll(async () => {
  await images[Symbol.asyncDispose]()
})

function check(location: Location, spec: Partial<CheckSpec>, files: Record<string, string> = {}): Promise<CheckReport> {
  return runChecks(
    { name: "demo", location },
    { ...nothing, ...spec },
    {
      host,
      runtime: async () => runtime,
      notebook: async ({ path }) => Buffer.from(files[path] ?? ""),
      signal,
      report: () => undefined,
    },
  )
}

/** The statuses and messages of the checks that did not pass. */
function failures(report: CheckReport): Record<string, string> {
  const failed = report.results.filter(({ status }) => status === "failed")
  return Object.fromEntries(failed.map(({ name, message }) => [name, message ?? ""]))
}

type Cell = string | { readonly source: string | string[]; readonly tags: readonly string[] }

function notebook(cells: readonly Cell[], metadata: object = {}): string {
  const full = cells.map((cell) => {
    const { source, tags } = typeof cell === "string" ? { source: cell, tags: [] } : cell
    return { cell_type: "code", source, metadata: { tags }, outputs: [], execution_count: null }
  })
  const text = { cell_type: "markdown", source: "# Title", metadata: {} }
  return JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata, cells: [text, ...full] })
}

function notebooks(files: Record<string, string>, timeout = 120): CheckSpec["notebooks"] {
  return Object.entries(files).map(([path, text]) => ({
    path,
    sha256: digestOf(text).slice("sha256:".length),
    timeout,
  }))
}

describe("a good image", () => {
  test("passes everything, and nothing is left behind", async () => {
    const files = {
      "work/good.ipynb": notebook([
        "import os, pathlib\nopen('made-here', 'w').write('x')\nassert os.listdir('.') .sort() is None",
        { source: ["def f(x):\n", "    return x + 1\n"], tags: [] },
        "assert f(1) == 2",
        { source: "raise SystemError('wanted')", tags: ["raises-exception"] },
        { source: "raise SystemError('never run')", tags: ["skip-execution"] },
      ]),
    }
    const report = await check(
      await images.image(),
      {
        kernels: ["python3"],
        imports: { python3: ["json", "jupyterlab", "os.path"] },
        notebooks: notebooks(files),
        paths: [
          { path: "/lab", status: 200 },
          { path: "/", status: 200 },
          { path: "/api/nothing", status: 404 },
        ],
        commands: [{ run: "id -u; id -g; pwd; echo $LANG", timeout: 30 }],
        later: {
          gpu: { imports: { python3: ["torch"] }, notebooks: [], commands: [{ run: "nvidia-smi", timeout: 9 }] },
        },
      },
      files,
    )
    expect(failures(report)).toEqual({})
    expect(report).toMatchObject({ version: 1, runtime: "bubblewrap", profile: "jupyter", passed: 13, failed: 0 })
    expect(report.key).toMatch(/^[0-9a-f]{64}$/)
    expect(report.results.find(({ kind }) => kind === "command")?.output).toBe("1000\n100\n/home/jovyan\nC.UTF-8\n")
    expect(report.results.filter(({ status }) => status === "not-run").map(({ name }) => name)).toEqual([
      "gpu: import torch (python3)",
      "gpu: nvidia-smi",
    ])
    await expectNothingLeft()
  })
})

describe("what is wrong is found", () => {
  test("in kernels, imports, paths and commands", async () => {
    const report = await check(await images.image(), {
      kernels: ["ir", "python3"],
      imports: { julia: ["Plots"], python3: ["no_such_module", "scikit-learn", "json"] },
      paths: [{ path: "/rstudio", status: 200 }],
      commands: [
        { run: "echo before; exit 3", timeout: 30 },
        { run: "sleep 600", timeout: 1 },
        { run: "touch /usr/bin/x", timeout: 30 },
      ],
    })
    expect(failures(report)).toEqual({
      "kernel ir": "ir is not in the menu: there are python3",
      "import Plots (julia)": "there is no kernel julia: there are python3",
      "import no_such_module (python3)": "ModuleNotFoundError: No module named 'no_such_module'",
      "import scikit-learn (python3)":
        "`scikit-learn` is no module's name; write it as it is imported, such as sklearn for scikit-learn",
      "path /rstudio": "/rstudio answered 404, not 200",
      "command echo before; exit 3": "exit code 3",
      "command sleep 600": "still running after 1 s",
      "command touch /usr/bin/x": "exit code 1",
    })
    expect(report.results.find(({ name }) => name.includes("exit 3"))?.output).toBe("before\n")
  })

  test("in notebooks: at the cell that failed, with its traceback", async () => {
    const files = {
      "error.ipynb": notebook(["x = 1", "def f():\n    return x / 0\nf()", "raise Exception('never')"]),
      "dies.ipynb": notebook(["import os\nos._exit(3)", "1"]),
      "asks.ipynb": notebook(["input('name')"]),
      "other.ipynb": notebook(["1"], { kernelspec: { name: "ir", display_name: "R", language: "R" } }),
      "theirs.ipynb": notebook(["1"], {
        kernelspec: { name: "conda-env-theirs", display_name: "x", language: "python" },
      }),
      "old.ipynb": JSON.stringify({ nbformat: 3, worksheets: [] }),
      "none.ipynb": "hello",
    }
    const changed = { path: "changed.ipynb", sha256: "0".repeat(64), timeout: 5 }
    const report = await check(await images.image(), { notebooks: [...notebooks(files), changed] }, files)
    expect(failures(report)).toEqual({
      "notebook error.ipynb": "cell 3 failed: ZeroDivisionError: division by zero",
      "notebook dies.ipynb": "the kernel died in cell 2",
      "notebook asks.ipynb": "cell 2 asked for input, which nobody can give here",
      "notebook other.ipynb": "other.ipynb cannot be run: it wants the kernel ir (r), and there are python3",
      "notebook old.ipynb":
        "old.ipynb cannot be run: its format is 3, and only 4 can be run: open it in JupyterLab and save it",
      "notebook none.ipynb": "none.ipynb cannot be run: it is no JSON",
      "notebook changed.ipynb": "changed.ipynb has changed since the checks were planned",
    })
    const detail = report.results.find(({ name }) => name === "notebook error.ipynb")?.detail ?? ""
    expect(detail).toContain("----> 2     return x / 0")
    expect(detail).not.toContain("\u001B")
    const slow = { "slow.ipynb": notebook(["import time\ntime.sleep(600)"]) }
    const late = await check(await images.image(), { notebooks: notebooks(slow, 20) }, slow)
    expect(failures(late)).toEqual({
      "notebook slow.ipynb": "cell 2 was still running when the notebook's 20 s were over",
    })
  })

  test("in a server that does not start: everything that needs it has failed", async () => {
    const location = await images.base((config) => ({ ...config, Labels: {} }))
    const report = await check(location, { kernels: ["python3"], commands: [{ run: "true", timeout: 5 }] })
    expect(failures(report)).toMatchObject({
      "the server answers": "The server of demo ended with exit code 127 before it answered",
      "the environment is writable":
        "the image has no environment that its user could add to: neither a venv nor conda is on its PATH",
      "the server runs as 1000:100": "could not be run: the server did not start",
      "kernel python3": "could not be run: the server did not start",
      "command true": "could not be run: the server did not start",
    })
    expect(report.results[0]?.detail).toContain("jupyter")
    await expectNothingLeft()
  })

  test("in the user that the server runs as", async () => {
    const location = await images.image((config) => ({
      ...config,
      User: "4242:100",
      Env: [...(config.Env ?? []), "HOME=/tmp"],
      WorkingDir: "/tmp",
    }))
    const report = await check(location, {})
    expect(failures(report)).toEqual({
      "the server runs as 1000:100":
        'the server runs as 4242:100, not as 1000:100; set `user: "1000:100"` for the image',
    })
    const root = await check(await images.image((config) => ({ ...config, User: "root" })), {})
    expect(failures(root)["the server answers"]).toMatch(/ended with exit code 1/)
    expect(root.results[0]?.detail).toContain("Running as root is not recommended")
    const nobody = await check(await images.image((config) => ({ ...config, User: "nobody-here" })), {})
    expect(failures(nobody)["the server answers"]).toBe("The user of demo, `nobody-here`, is not in its /etc/passwd")
  })

  test("in what its user may write to", async () => {
    const layer = smallLayer([
      { path: "opt/env/lib/python3.11/site-packages/closed.py", gid: 0 },
      { path: "etc/open.conf", mode: 0o666 },
    ])
    const report = await check(await images.image(undefined, [layer]), {})
    expect(failures(report)).toEqual({
      "the environment is writable": "1 path is below /opt/env not writable for gid 100",
      "the system is not writable": "1 path is of the system writable for 1000:100",
    })
    expect(report.results[1]?.detail).toBe("/opt/env/lib/python3.11/site-packages/closed.py (0644 0:0)")
  })
})

describe("the profile none", () => {
  test("runs commands and imports without a server", async () => {
    const spec = {
      profile: "none",
      imports: { python3: ["json", "numpy"], ir: ["stats"] },
      commands: [{ run: "id -u", timeout: 30 }],
    } as const
    const report = await check(
      await images.base((config) => ({ ...config, Labels: {}, Entrypoint: ["/no/such"] })),
      spec,
    )
    expect(report).toMatchObject({ passed: 2, failed: 2, profile: "none" })
    expect(failures(report)).toEqual({
      "import numpy (python3)": "ModuleNotFoundError: No module named 'numpy'",
      "import stats (ir)": "the profile `none` starts no kernel such as ir",
    })
  })

  test("needs no runtime when there is nothing to check", async () => {
    const location = await images.base()
    const report = await runChecks(
      { name: "demo", location },
      { ...nothing, profile: "none" },
      {
        host,
        runtime: () => Promise.reject(new Error("asked for a runtime")),
        notebook: () => Promise.reject(new Error("asked for a notebook")),
        signal,
        report: () => undefined,
      },
    )
    expect(report).toMatchObject({ results: [], passed: 0, failed: 0 })
    expect(report.runtime).toBeUndefined()
  })
})

test("aborting stops a check and leaves nothing behind", async () => {
  const stop = new AbortController()
  const running = runChecks(
    { name: "demo", location: await images.image() },
    { ...nothing, commands: [{ run: "sleep 1000", timeout: 1000 }] },
    {
      host,
      runtime: async () => runtime,
      notebook: () => Promise.reject(new Error("none")),
      signal: stop.signal,
      report: (event) => {
        if (event.kind === "output" && event.line.startsWith("✓ the server runs")) stop.abort()
      },
    },
  )
  await expect(running).rejects.toMatchObject({ name: "AbortError" })
  await expectNothingLeft()
})

/** No scratch folder of this process, no process and no mount that names one. */
async function expectNothingLeft(): Promise<void> {
  const runs = join(keptCache(host), "nbstacks", `roots-${host.machine.uid}`, "runs")
  const mine = `runs/${host.machine.pid}-`
  const left = ((await host.files.list(runs)) ?? []).filter(({ name }) => `runs/${name}`.startsWith(mine))
  expect(left).toEqual([])
  expect((await readFile("/proc/self/mountinfo", "utf8")).includes(mine)).toBe(false)
  for (const { name } of (await host.files.list("/proc")) ?? []) {
    if (!/^\d+$/.test(name)) continue
    const line = await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "")
    expect(line.includes("bwrap") ? line : "").not.toContain(mine)
  }
}
