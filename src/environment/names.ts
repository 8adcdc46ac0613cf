/** A package's name as indexes compare it: lower case, with `-` for runs of `-`, `_` and `.`. https://peps.python.org/pep-0503/#normalized-names */
export function normaliseName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, "-")
}
