import type { Moved } from "../../lock/moved.ts"
import { columns } from "../columns.ts"
import type { Colors } from "../io.ts"

const most = 60

/** What moved from one lock to the next, one line each; empty when nothing did. */
export function movedText(moved: readonly Moved[], colors: Colors): string {
  if (moved.length === 0) return ""
  const rows = moved.map((one) => [...subject(one), change(one, colors)])
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
