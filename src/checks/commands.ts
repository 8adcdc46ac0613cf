import type { CheckSpec } from "../tree/checks.ts"
import type { RunnableImage } from "./image.ts"
import { importCell } from "./jupyter/imports.ts"
import { importPairs } from "./later.ts"
import type { Check } from "./recorder.ts"
import type { Container } from "./runtime/runtime.ts"
import { labelledPrefix } from "./writable.ts"

export type CommandContext = { readonly container: Container; readonly signal: AbortSignal }

/** Seconds that one import may take: large libraries are slow to load from a cold disk. */
export const importLimit = 180

/** `commands`: each by `/bin/sh -c` as the image's user in its workdir. */
export function commandChecks(spec: CheckSpec): readonly Check<CommandContext>[] {
  return spec.commands.map(({ run, timeout }) => ({
    name: `command ${run}`,
    kind: "command",
    async run({ container, signal }) {
      const { code, output, timedOut } = await container.exec(["/bin/sh", "-c", run], { timeout, signal })
      if (timedOut) return { passed: false, message: `still running after ${timeout} s`, output }
      if (code === 0) return { passed: true, output }
      return { passed: false, message: `exit code ${code}`, detail: output.split("\n").slice(-20).join("\n"), output }
    },
  }))
}

/** `imports` without a server: by the environment's own Python. Only `python3` can be meant. */
export function directImportChecks(image: RunnableImage, spec: CheckSpec): readonly Check<CommandContext>[] {
  const prefix = labelledPrefix(image.labels)
  const python = prefix === undefined ? "python3" : `/${prefix}/bin/python`
  return importPairs(spec.imports).map(({ kernel, module }) => ({
    name: `import ${module} (${kernel})`,
    kind: "import",
    async run({ container, signal }) {
      if (kernel !== "python3") {
        return { passed: false, message: `the profile \`none\` starts no kernel such as ${kernel}` }
      }
      const cell = importCell("python", module)
      if ("no" in cell) return { passed: false, message: cell.no }
      const done = await container.exec([python, "-c", cell.cell], { timeout: importLimit, signal })
      if (done.timedOut) return { passed: false, message: `still importing after ${importLimit} s` }
      if (done.code === 0) return { passed: true }
      const lines = done.output.trim().split("\n")
      return { passed: false, message: lines.at(-1) ?? `exit code ${done.code}`, detail: lines.slice(-20).join("\n") }
    },
  }))
}
