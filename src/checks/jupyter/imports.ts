/** A cell that does nothing much, in the languages whose kernels do not run `1 + 1`. */
const cells: Readonly<Record<string, string>> = {
  bash: "true",
  sh: "true",
  zsh: "true",
  fish: "true",
  sql: "SELECT 1",
  sqlite: "SELECT 1",
  postgres: "SELECT 1",
  gnuplot: "print 1 + 1",
  go: "1 + 1",
  rust: "1 + 1",
  prolog: "X is 1 + 1.",
  xonsh: "1 + 1",
}

/** A cell that any kernel of a language runs. */
export function trialCell(language: string): string {
  return cells[language] ?? "1 + 1"
}

type Importer = { readonly name: RegExp; readonly cell: (name: string) => string }

const importers: Readonly<Record<string, Importer>> = {
  python: { name: /^[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*$/u, cell: (name) => `import ${name}` },
  r: { name: /^[A-Za-z][A-Za-z0-9.]*$/, cell: (name) => `library(${name})` },
  julia: { name: /^[\p{L}_][\p{L}\p{N}_!]*(?:\.[\p{L}_][\p{L}\p{N}_!]*)*$/u, cell: (name) => `using ${name}` },
}

/** The cell that imports a module in a language, or why there is none. */
export function importCell(language: string, name: string): { readonly cell: string } | { readonly no: string } {
  const importer = importers[language]
  if (importer === undefined) return { no: `imports cannot be checked in a kernel for ${language}` }
  if (!importer.name.test(name)) {
    return { no: `\`${name}\` is no module's name; write it as it is imported, such as sklearn for scikit-learn` }
  }
  return { cell: importer.cell(name) }
}
