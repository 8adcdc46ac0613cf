import { join } from "node:path"
import { LineCounter, parseDocument, type Document } from "yaml"
import { problemFailure } from "../config/print.ts"
import type { Problem } from "../config/row.ts"
import type { Host } from "../host/host.ts"
import { emptyLock, LockFile, lockFile, type Lock } from "./lock.ts"

const again = "Resolve it, or remove the file and run `nbstacks lock`"

/** The lock of a tree's folder; an empty one when there is none. Fails with `cannot` for one that cannot be read, with all problems. */
export async function readLock(folder: string, host: Pick<Host, "files">): Promise<Lock> {
  const path = join(folder, lockFile)
  if ((await host.files.stat(path)) === undefined) return emptyLock
  const read = parseLock(await host.files.readText(path))
  if ("lock" in read) return read.lock
  throw await problemFailure(read.problems, { folder, files: host.files })
}

/** The lock in a text, or everything that is wrong with it. */
export function parseLock(text: string): { readonly lock: Lock } | { readonly problems: readonly Problem[] } {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: true,
    prettyErrors: false,
    schema: "failsafe",
  })
  const at = (offset: number): Problem["at"] => {
    const { line, col } = lines.linePos(offset)
    return { file: lockFile, line: Math.max(1, line), column: Math.max(1, col) }
  }
  if (document.errors.length > 0)
    return {
      problems: document.errors.map(({ pos, message }) => ({
        at: at(pos[0]),
        rule: "lock-syntax",
        message: `this is not YAML: ${message.split("\n", 1)[0] ?? ""}`,
        hint: again,
      })),
    }
  const parsed = LockFile.safeParse(withVersion(document.toJS({ maxAliasCount: 0 })))
  if (parsed.success) return { lock: parsed.data }
  return {
    problems: parsed.error.issues.map((issue) => ({
      at: at(offsetOf(document, issue.path)),
      rule: "lock-form",
      message:
        issue.path[0] === "version"
          ? "this lock was written by another version of nbstacks"
          : `\`${issue.path.map(String).join(" → ") || lockFile}\`: ${issue.message}`,
      hint: again,
    })),
  }
}

/** All values are text here, so that a version such as `1.10` stays what it is. */
function withVersion(value: unknown): unknown {
  const isRecord = typeof value === "object" && value !== null && "version" in value
  return isRecord ? { ...value, version: value.version === "1" ? 1 : value.version } : value
}

function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true)
    if (typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range))
      return Number(node.range[0])
  }
  return 0
}
