import { rootsFolder } from "../../src/checks/runtime/bubblewrap/roots.ts"
import { bubblewrapRuntime } from "../../src/checks/runtime/bubblewrap/bubblewrap.ts"
import { findTools } from "../../src/checks/runtime/bubblewrap/tools.ts"
import { runChecks } from "../../src/checks/run-checks.ts"
import { makeHost } from "../../src/host/node/host.ts"
import type { Digest } from "../../src/oci/digest.ts"
import { openLayout } from "../../src/oci/store/layout/layout.ts"

/**
 * A program: `check-here.ts LAYOUT DIGEST overlay|copy|hang` checks an image of the repository `jupyter` by
 * bubblewrap as whoever runs it, and prints the report as JSON. `hang` prints `running` and never ends by itself.
 */
const [folder = "", digest = "", mode = ""] = process.argv.slice(2)
const host = makeHost(process.env)
const signal = new AbortController().signal
const base = await rootsFolder(host)
const tools = await findTools(host, { folder: base, signal })
if ("no" in tools) throw new Error(tools.no)
const runtime = bubblewrapRuntime({ tools: mode === "copy" ? { ...tools, mode } : tools, base }, host)
const command = mode === "hang" ? "sleep 1000" : "id -u; id -g; pwd"
const report = await runChecks(
  { name: "demo", location: { store: openLayout(folder, host), repository: "jupyter", digest: digest as Digest } },
  {
    profile: "jupyter",
    kernels: ["python3"],
    imports: {},
    notebooks: [],
    paths: [],
    commands: [{ run: command, timeout: 1000 }],
    later: {},
  },
  {
    host,
    runtime: async () => runtime,
    notebook: () => Promise.reject(new Error("no notebook was asked for")),
    signal,
    report: (event) => {
      const isLast = event.kind === "output" && event.line.startsWith("✓ kernel")
      if (mode === "hang" && isLast) process.stdout.write("running\n")
    },
  },
)
process.stdout.write(JSON.stringify(report))
