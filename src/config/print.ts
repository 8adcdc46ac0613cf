import { join } from "node:path"
import { Failure } from "../failure.ts"
import type { Host } from "../host/host.ts"
import type { Problem } from "./row.ts"

/** Problems printed at most; a file with more is mended from the top. */
const shown = 100
const width = 100

/**
 * One failure for all problems: each with file:line:column, the source line with a caret below it, and its hint.
 * The lines are read from the files that the problems name, relative to `folder`; one that cannot be read is left out.
 */
export async function problemFailure(
  problems: readonly Problem[],
  { folder, files }: { folder: string; files: Pick<Host["files"], "readText"> },
): Promise<Failure> {
  const names = [...new Set(problems.slice(0, shown).map(({ at }) => at.file))]
  const texts = await Promise.all(
    names.map(
      async (name) => [name, (await files.readText(join(folder, name)).catch(() => "")).split(/\r?\n/)] as const,
    ),
  )
  const lines = new Map(texts)
  const [only, second] = problems
  const subject =
    new Set(problems.map(({ at }) => at.file)).size === 1 && only !== undefined ? only.at.file : "The configuration"
  const count = problems.length === 1 ? "a problem" : `${problems.length} problems`
  const hint = second === undefined ? only?.hint : undefined
  return new Failure("cannot", `${subject} has ${count}`, {
    detail: printProblems(problems, (file, line) => lines.get(file)?.[line - 1], { hints: hint === undefined }),
    ...(hint === undefined ? {} : { hint }),
  })
}

/** The problems as text; `lineOf` gives a source line without its end. */
export function printProblems(
  problems: readonly Problem[],
  lineOf: (file: string, line: number) => string | undefined,
  { hints }: { hints: boolean },
): string {
  const printed = problems
    .slice(0, shown)
    .map((problem) => printProblem(problem, lineOf(problem.at.file, problem.at.line), hints))
  const rest = problems.length - printed.length
  return [...printed, ...(rest > 0 ? [`… and ${rest} more`] : [])].join("\n\n")
}

function printProblem({ at, rule, message, hint }: Problem, line: string | undefined, hints: boolean): string {
  const head = `${at.file}:${at.line}:${at.column}: ${printable(message)} [${rule}]`
  const tail = hint !== undefined && hints ? [`    hint: ${printable(hint)}`] : []
  if (line === undefined || line.trim() === "") return [head, ...tail].join("\n")
  const start = Math.max(0, at.column - 1 - width / 2)
  const cut = printable(masked(line).slice(start, start + width))
  const number = String(at.line)
  const caret = " ".repeat(at.column - 1 - start)
  return [head, `  ${number} | ${cut}`, `  ${" ".repeat(number.length)} | ${caret}^`, ...tail].join("\n")
}

/**
 * What a URL may hold of a login, in front of its host or in its query, as stars: who reads a log need not know it.
 * As many as there were characters, so that columns stay.
 */
function masked(line: string): string {
  const stars = (secret: string): string => "*".repeat(secret.length)
  return line.replaceAll(/(?<=:\/\/)[^/?#\s]*(?=@)/g, stars).replaceAll(/(?<=:\/\/[^?#\s]*\?)[^#\s]+/g, stars)
}

/** Control characters would reach the terminal otherwise; each becomes one character, so that columns stay. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu, (character) => (character === "\t" ? " " : "�"))
}
