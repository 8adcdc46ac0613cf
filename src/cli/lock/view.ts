import type { Moved } from "../../lock/moved.ts"
import { columns } from "../columns.ts"
import type { Colors } from "../io.ts"

const most = 60
const few = 10

/** What moved from one lock to the next; empty when nothing did. A row whose Debian packages are all new is one line. */
export function movedText(moved: readonly Moved[], colors: Colors): string {
  if (moved.length === 0) return ""
  const fresh = Map.groupBy(
    moved.filter((one) => one.kind === "debian" && one.from === undefined),
    (one) => (one.kind === "debian" ? one.row : ""),
  )
  const whole = new Set([...fresh].filter(([, all]) => all.length > few).map(([row]) => row))
  const isTold = (one: Moved): boolean => one.kind === "debian" && one.from === undefined && whole.has(one.row)
  const rows = [
    ...[...whole].map((row) => [row, "", `${colors.green("+")} ${fresh.get(row)?.length ?? 0} Debian packages`]),
    ...moved.filter((one) => !isTold(one)).map((one) => [...subject(one), change(one, colors)]),
  ]
  const more = rows.length - most
  return `${[...columns(rows.slice(0, most)), ...(more > 0 ? [`and ${more} more`] : [])].join("\n")}\n`
}

function subject(moved: Moved): readonly [string, string] {
  switch (moved.kind) {
    case "image":
      return [moved.reference, moved.platform]
    case "url":
      return [moved.url, ""]
    case "debian":
      return [moved.row, moved.name]
    case "refresh":
      return [moved.row, "refresh"]
  }
}

function change({ from, to }: Moved, colors: Colors): string {
  if (from === undefined) return `${colors.green("+")} ${short(to ?? "")}`
  if (to === undefined) return `${colors.red("-")} ${short(from)}`
  return `${short(from)} → ${short(to)}`
}

/** Digests are shortened to twelve digits. */
function short(text: string): string {
  return text.replace(/^(sha256:[0-9a-f]{12})[0-9a-f]+$/, "$1").replace(/^([0-9a-f]{12})[0-9a-f]{52}$/, "$1")
}
