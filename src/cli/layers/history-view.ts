import { bytes, count } from "../../report/format.ts"
import { visible } from "../../report/visible.ts"
import { columns } from "../columns.ts"
import type { Colors } from "../io.ts"
import type { LockHistory } from "./history.ts"

/** Sizes that are guessed and shown by name at most; the others are counted. */
const fewNames = 5

/** What each number of layers would have meant. */
export function historyText(history: LockHistory, colors: Colors): string {
  const { row, folders, releases, budgets, own, platform } = history
  const [first] = releases
  const newest = releases.at(-1)
  const full = newest?.items.reduce((sum, { size }) => sum + size, 0) ?? 0
  const table = columns([
    ["layers", "pulled per release", "stored in all", ""],
    ...budgets.map((budget) => {
      const layers = String(budget.layers).padStart(6)
      const mark = budget.layers === own ? "this row" : ""
      if ("cannot" in budget) return [layers, "-", "-", budget.cannot]
      const { pulled, share, stored } = budget
      const part = `${(share * 100).toFixed(1)} %`.padStart(7)
      return [layers, `${bytes(pulled).padStart(8)} ${part}`, bytes(stored).padStart(8), mark]
    }),
  ])
  const lines = [
    `${row}: ${count(releases.length, "version")} of ${folders.join(", ")}, ${first?.date} to ${newest?.date}, ${platform}`,
    `The newest adds ${count(newest?.items.length ?? 0, "package")}, ${bytes(full)}.`,
    "",
    ...table.map((line, at) => (at === 0 ? colors.bold(line) : line)),
    ...notesOf(history),
  ]
  return `${lines.join("\n")}\n`
}

function notesOf({ estimates, unread, renamed, begins, shallow, bytecode }: LockHistory): readonly string[] {
  const lines: string[] = []
  if (bytecode) lines.push("", "Bytecode has a quarter of the layers; its bytes are not counted here.")
  if (estimates.length > 0) {
    lines.push("", `${count(estimates.length, "wheel")} of unknown size:`)
    for (const { name, version, why, taken } of estimates.slice(0, fewNames))
      lines.push(`  ${name} ${version} (${taken === 0 ? "counted as nothing" : `taken as ${bytes(taken)}`}): ${why}`)
    if (estimates.length > fewNames) lines.push(`  and ${estimates.length - fewNames} more: see --json`)
  }
  if (unread.length > 0) {
    lines.push("", `${count(unread.length, "commit")} could not be read:`)
    for (const { commit, why } of unread.slice(-fewNames)) lines.push(`  ${commit.slice(0, 7)} ${visible(why)}`)
    if (unread.length > fewNames) lines.push(`  and ${unread.length - fewNames} more: see --json`)
  }
  if (renamed.length > 0 || begins !== undefined) lines.push("")
  for (const { commit, from, to } of renamed) lines.push(`Before ${commit.slice(0, 7)}, \`${to}\` was \`${from}\`.`)
  if (begins !== undefined)
    lines.push(`It begins with ${begins.commit.slice(0, 7)} of ${begins.date}: git knows of no earlier name.`)
  if (shallow) lines.push("", "This clone has no earlier commits; `git fetch --unshallow` brings them.")
  return lines
}

/** The same for a program; `share` is from 0 to 1. */
export function historyJson({
  row,
  platform,
  folders,
  releases,
  own,
  bytecode,
  budgets,
  ...notes
}: LockHistory): object {
  return {
    image: row,
    platform,
    folders,
    releases: releases.map(({ commit, date, items }) => ({
      commit,
      date,
      packages: items.length,
      size: items.reduce((sum, { size }) => sum + size, 0),
    })),
    layers: own,
    bytecode,
    budgets: budgets.map((budget) =>
      "cannot" in budget
        ? { layers: budget.layers, pulled: null, share: null, stored: null, cannot: budget.cannot }
        : { ...budget, pulled: Math.round(budget.pulled), share: Math.round(budget.share * 10_000) / 10_000 },
    ),
    unknown: notes.estimates,
    unread: notes.unread,
    renamed: notes.renamed,
    begins: notes.begins === undefined ? null : { commit: notes.begins.commit, date: notes.begins.date },
    shallow: notes.shallow,
  }
}
