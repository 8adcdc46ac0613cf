import type { RowChecks } from "../config/row.ts"
import type { CheckSpec, CommandCheck, LaterCheck, NotebookCheck, PathCheck } from "../tree/checks.ts"

/** Notebooks of a row, found and hashed: its own, and those of each `later` check. */
export type FoundNotebooks = {
  readonly own: readonly NotebookCheck[]
  readonly later: Readonly<Record<string, readonly NotebookCheck[]>>
}

/**
 * The checks of a row with what it inherits: imports, kernels, commands and paths, since a child must keep what its parent
 * promises; neither notebooks nor `later`. Without a profile it is the parent's, else `none`.
 */
export function mergeChecks(own: RowChecks, parent: CheckSpec | undefined, notebooks: FoundNotebooks): CheckSpec {
  return {
    profile: own.profile ?? parent?.profile ?? "none",
    kernels: union(parent?.kernels ?? [], own.kernels),
    imports: mergeImports(parent?.imports ?? {}, own.imports),
    notebooks: notebooks.own,
    paths: mergeBy(parent?.paths ?? [], own.paths, ({ path }: PathCheck) => path),
    commands: mergeBy(parent?.commands ?? [], own.commands, ({ run }: CommandCheck) => run),
    later: Object.fromEntries(
      Object.entries(own.later)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, { imports, commands }]): [string, LaterCheck] => [
          name,
          { imports: mergeImports({}, imports), notebooks: notebooks.later[name] ?? [], commands },
        ]),
    ),
  }
}

function mergeImports(parent: CheckSpec["imports"], own: CheckSpec["imports"]): CheckSpec["imports"] {
  const kernels = union(Object.keys(parent), Object.keys(own))
  return Object.fromEntries(kernels.map((kernel) => [kernel, union(parent[kernel] ?? [], own[kernel] ?? [])]))
}

function union(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])].sort()
}

/** The parent's, then the row's own; one of its own takes the place of the parent's of the same name. */
function mergeBy<T>(parent: readonly T[], own: readonly T[], nameOf: (one: T) => string): readonly T[] {
  return [...new Map([...parent, ...own].map((one) => [nameOf(one), one])).values()]
}
