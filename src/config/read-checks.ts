import { readSeconds } from "./amounts.ts"
import type { Reader } from "./reader.ts"
import type { RowChecks } from "./row.ts"
import type { WrittenChecks } from "./schema/written.ts"

/** Seconds for a notebook and for a command, where nothing is written. */
const defaultTimeouts = { notebook: 600, command: 300 } as const

const defaultKernel = "python3"

/** The checks of a row as written, short forms written out. */
export function readChecks(written: WrittenChecks, reader: Reader): RowChecks {
  const later = Object.entries(written.later ?? {}).map(([name, one]) => [name, readCore(one, reader)] as const)
  return {
    profile: written.profile,
    kernels: [...new Set(written.kernels)],
    timeout: readSeconds(written.timeout ?? defaultTimeouts.notebook),
    paths: (written.paths ?? []).map((one) =>
      typeof one === "string" ? { path: one, status: 200 } : { path: one.path, status: one.status ?? 200 },
    ),
    later: Object.fromEntries(later),
    ...readCore(written, reader),
  }
}

type Core = Pick<RowChecks, "imports" | "notebooks" | "commands">

function readCore(
  { imports = [], notebooks = [], commands = [] }: Pick<WrittenChecks, "imports" | "notebooks" | "commands">,
  reader: Reader,
): Core {
  const byKernel = isList(imports) ? (imports.length === 0 ? {} : { [defaultKernel]: imports }) : imports
  return {
    imports: Object.fromEntries(Object.entries(byKernel).map(([kernel, modules]) => [kernel, [...new Set(modules)]])),
    notebooks: notebooks.map((_, index) => reader.inner(notebooks, index)),
    commands: commands.map((one, index) =>
      typeof one === "string"
        ? { run: reader.text(commands, index), timeout: defaultTimeouts.command }
        : { run: reader.text(one, "run"), timeout: readSeconds(one.timeout ?? defaultTimeouts.command) },
    ),
  }
}

function isList(value: object): value is readonly string[] {
  return Array.isArray(value)
}
