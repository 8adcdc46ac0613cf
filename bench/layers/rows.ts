import { median, summary, type Measured } from "../measure.ts"
import type { Inputs } from "./inputs.ts"
import type { Sent } from "./yard.ts"

/** What is measured, as the table calls it. */
export type Names = Readonly<Record<"cold" | "changed" | "nothing" | "classes" | "bytecode" | "again", string>>

export function namesOf({ packages, changedWheel, classes }: Inputs): Names {
  const all = `${packages} locked wheels`
  return {
    cold: `${all}, cold, into a registry`,
    changed: `the same, one wheel of ${megabytes(changedWheel)} MB changed`,
    nothing: "the same, nothing changed",
    classes: `${Object.keys(classes).length} class images, one wheel apart`,
    bytecode: `${all}, cold, with bytecode, into a registry`,
    again: "the same for another registry, bytecode made before",
  }
}

/** The goals, in the words of the table. */
export const goals: Names = {
  cold: "8 × faster than gzip, 4 × than zstd; 300 MB",
  changed: "40 × faster than gzip, 15 × than zstd; 1.3 × the wheel sent",
  nothing: "0.25 s",
  classes: "100 × faster, 15 × fewer bytes",
  bytecode: "2 × faster than the better one",
  again: "as without bytecode",
}

/** A line of the table from runs that sent something. */
export function sentLine(
  what: { readonly name: string; readonly by: string; readonly goal?: string; readonly facts?: Measured["facts"] },
  runs: readonly Sent[],
): Measured {
  const sent = megabytes(median(runs.map((run) => run.sent)))
  return summary({ ...what, facts: { "MB sent": sent, ...what.facts } }, runs)
}

/**
 * Ours and the peers' by their names, ours first. Lines of ours get how many times as fast they are as each peer's of
 * the same name, and how many times their bytes the peer sent.
 */
export function compared(ours: readonly Measured[], peers: readonly Measured[]): readonly Measured[] {
  const all = Map.groupBy([...ours, ...peers], ({ name }) => name)
  return [...all.values()].flatMap((lines) =>
    lines.map((line) =>
      ours.includes(line)
        ? withRatios(
            line,
            lines.filter((one) => peers.includes(one)),
          )
        : line,
    ),
  )
}

function withRatios(line: Measured, peers: readonly Measured[]): Measured {
  const sentBy = ({ facts }: Measured): number => Number(facts["MB sent"] ?? 0)
  const ratios: Record<string, number> = {}
  for (const peer of peers) {
    // Which BuildKit it is stands in the peer's own line.
    const by = peer.by.replace(/^BuildKit [\d.]+, /, "")
    ratios[`× as fast as ${by}`] = figure(peer.seconds / line.seconds)
    if (sentBy(peer) > 0 && sentBy(line) > 0) ratios[`× our bytes by ${by}`] = figure(sentBy(peer) / sentBy(line))
  }
  return { ...line, facts: { ...line.facts, ...ratios } }
}

/** Bytes as megabytes: two digits at least, and no more than three. */
export function megabytes(bytes: number): number {
  return figure(bytes / 1_000_000)
}

/** A number with three digits. */
export function figure(value: number): number {
  return Number(value.toPrecision(3))
}
