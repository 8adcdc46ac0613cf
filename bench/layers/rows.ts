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

/** Lines of ours get how many times faster they are than each peer's line of the same name, and how many fewer bytes they sent. */
export function compared(ours: readonly Measured[], peers: readonly Measured[]): readonly Measured[] {
  return ours.flatMap((line) => {
    const same = peers.filter(({ name }) => name === line.name)
    const ratios = same.flatMap(({ by, seconds, facts }) => {
      const [theirs, sent] = [Number(facts["MB sent"] ?? 0), Number(line.facts["MB sent"] ?? 0)]
      const faster = [`× faster than ${by}`, figure(seconds / line.seconds)] as const
      return theirs > 0 && sent > 0 ? [faster, [`× fewer bytes than ${by}`, figure(theirs / sent)] as const] : [faster]
    })
    return [{ ...line, facts: { ...line.facts, ...Object.fromEntries(ratios) } }, ...same]
  })
}

/** Bytes as megabytes: two digits at least, and no more than three. */
export function megabytes(bytes: number): number {
  return figure(bytes / 1_000_000)
}

/** A number with three digits. */
export function figure(value: number): number {
  return Number(value.toPrecision(3))
}
