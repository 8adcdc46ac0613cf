import type { CheckSpec } from "../tree/checks.ts"
import type { CheckResult } from "./report.ts"

/** What was declared as `later`: recorded as not run, to be demanded before a channel moves. */
export function laterResults(later: CheckSpec["later"]): readonly CheckResult[] {
  return Object.entries(later)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, { imports, notebooks, commands }]) => {
      const notRun = { status: "not-run", milliseconds: 0, message: `later, with \`${name}\`` } as const
      return [
        ...importPairs(imports).map(({ kernel, module }): CheckResult => ({
          ...notRun,
          name: `${name}: import ${module} (${kernel})`,
          kind: "import",
        })),
        ...notebooks.map(({ path }): CheckResult => ({
          ...notRun,
          name: `${name}: notebook ${path}`,
          kind: "notebook",
        })),
        ...commands.map(({ run }): CheckResult => ({ ...notRun, name: `${name}: ${run}`, kind: "command" })),
      ]
    })
}

/** Each module with its kernel, by kernel in the order of their names. */
export function importPairs(
  imports: CheckSpec["imports"],
): readonly { readonly kernel: string; readonly module: string }[] {
  return Object.entries(imports)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([kernel, modules]) => modules.map((module) => ({ kernel, module })))
}
