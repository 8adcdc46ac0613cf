import type { CheckSpec } from "../../tree/checks.ts"
import { importLimit } from "../commands.ts"
import type { CheckJob } from "../job.ts"
import { importPairs } from "../later.ts"
import type { Check } from "../recorder.ts"
import type { Verdict } from "../verdict.ts"
import { checkUser } from "./identity.ts"
import { importCell, trialCell } from "./imports.ts"
import type { Ran } from "./kernel.ts"
import { menuText, type KernelMenu } from "./kernel-menu.ts"
import type { Kernels } from "./kernels.ts"
import { checkNotebook, kernelLimit } from "./notebook.ts"
import { checkPath } from "./paths.ts"
import type { Server } from "./server.ts"

/** What checks of a running server need. */
export type ServerContext = {
  readonly job: CheckJob
  readonly server: Server
  readonly menu: () => Promise<KernelMenu>
  readonly kernels: Kernels
}

/** Everything that the profile `jupyter` and a row's checks ask of a running server, in order. */
export function serverChecks(spec: CheckSpec): readonly Check<ServerContext>[] {
  return [userCheck, ...kernelChecks(spec), ...importChecks(spec), ...notebookChecks(spec), ...pathChecks(spec)]
}

const userCheck: Check<ServerContext> = {
  name: "the server runs as 1000:100",
  kind: "user",
  run: ({ server, job }) => checkUser(server.container, server.mark, job.signal),
}

function kernelChecks(spec: CheckSpec): readonly Check<ServerContext>[] {
  return spec.kernels.map((name) => ({
    name: `kernel ${name}`,
    kind: "kernel",
    async run({ job, menu, kernels }) {
      const offered = await menu()
      if (!offered.languages.has(name)) {
        return { passed: false, message: `${name} is not in the menu: ${menuText(offered)}` }
      }
      const kernel = await kernels.get(name, job.signal)
      const ran = await kernel.run(trialCell(kernel.language), { timeout: kernelLimit, signal: job.signal })
      return verdictOf(ran, "its first cell", kernelLimit)
    },
  }))
}

function importChecks(spec: CheckSpec): readonly Check<ServerContext>[] {
  return importPairs(spec.imports).map(({ kernel: name, module }) => ({
    name: `import ${module} (${name})`,
    kind: "import",
    async run({ job, menu, kernels }) {
      const offered = await menu()
      if (!offered.languages.has(name)) {
        return { passed: false, message: `there is no kernel ${name}: ${menuText(offered)}` }
      }
      const kernel = await kernels.get(name, job.signal)
      const cell = importCell(kernel.language, module)
      if ("no" in cell) return { passed: false, message: cell.no }
      const ran = await kernel.run(cell.cell, { timeout: importLimit, signal: job.signal })
      return verdictOf(ran, `\`${cell.cell}\``, importLimit)
    },
  }))
}

function verdictOf(ran: Ran, cell: string, timeout: number): Verdict {
  if (ran.status === "ok") return { passed: true }
  if (ran.status === "error") return { passed: false, message: `${ran.name}: ${ran.value}`, detail: ran.traceback }
  const messages = {
    dead: `the kernel died in ${cell}`,
    timeout: `${cell} was still running after ${timeout} s`,
    input: `${cell} asked for input`,
  }
  return { passed: false, message: messages[ran.status] }
}

function notebookChecks(spec: CheckSpec): readonly Check<ServerContext>[] {
  return spec.notebooks.map((check) => ({
    name: `notebook ${check.path}`,
    kind: "notebook",
    async run({ job, server, menu }) {
      const bytes = await job.notebook(check)
      const run = { check, bytes, menu: await menu(), declared: spec.kernels, signal: job.signal }
      return await checkNotebook(job.host, server.connection, run)
    },
  }))
}

function pathChecks(spec: CheckSpec): readonly Check<ServerContext>[] {
  return spec.paths.map((check) => ({
    name: `path ${check.path}`,
    kind: "path",
    run: ({ job, server }) => checkPath(job.host, server.connection, { check, signal: job.signal }),
  }))
}
