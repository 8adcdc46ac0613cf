import type { Reason } from "../../plan/plan.ts"

const shown = 3

/**
 * Why a row is built, as one line. The commits come from git, and only here.
 *
 * @param commits the abbreviated commit that last changed a path
 */
export function reasonText(reasons: readonly Reason[], commits: ReadonlyMap<string, string>): string {
  const texts = [...new Set(reasons.map((reason) => oneReason(reason, commits)))]
  const more = texts.length - shown
  return [...texts.slice(0, shown), ...(more > 0 ? [`${more} more`] : [])].join(", ")
}

function oneReason(reason: Reason, commits: ReadonlyMap<string, string>): string {
  switch (reason.kind) {
    case "new":
      return "new"
    case "gone":
      return "its image is gone from the registry"
    case "changed": {
      const commit = commits.get(reason.path)
      const how = { added: "is new", changed: "changed", removed: "was removed" }[reason.how]
      return `${reason.path} ${how}${commit === undefined ? "" : ` in ${commit}`}`
    }
    case "package":
      if (reason.from === undefined) return `${reason.name} ${reason.to} is new`
      return reason.to === undefined ? `${reason.name} was removed` : `${reason.name} ${reason.from} → ${reason.to}`
    case "setting":
      return `\`${reason.field}\` changed`
    case "parent":
      return {
        rebuilt: `parent ${reason.id} is rebuilt`,
        digest: `parent ${reason.id} has another digest`,
        other: `parent is ${reason.id} now`,
      }[reason.because]
    case "lock":
      return `the lock moved ${reason.reference}`
    case "refresh":
      return reason.value === "" ? "the lock dropped its refresh" : `the lock refreshed it (${reason.value})`
    case "format":
      return `this nbstacks makes other bytes from a \`${reason.step}\``
  }
}

/** Paths that reasons name, for git to explain. */
export function changedPaths(reasons: readonly Reason[]): readonly string[] {
  return reasons.flatMap((reason) => (reason.kind === "changed" ? [reason.path] : []))
}
