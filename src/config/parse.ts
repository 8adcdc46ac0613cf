import { Alias, LineCounter, Pair, Scalar, YAMLMap, YAMLSeq, parseDocument, type Node, type YAMLParseError } from "yaml"
import type { Judge } from "./judge.ts"
import { createPlaces, type Entry, type Places, type ScalarKind } from "./places.ts"
import type { Position } from "./row.ts"

/** What a YAML text says, as plain data, and where each part of it stands. */
export type Parsed = { readonly file: string; readonly value: unknown; readonly places: Places }

/** Entries at most, aliases written out; a matrix is a line, so real files have thousands at most. */
const maximumEntries = 200_000
const maximumDepth = 40
/** Syntax errors said at most; most follow from the first. */
const maximumErrors = 20

/**
 * Parses one YAML 1.2 document. Keys are text whatever they look like; a number keeps how it was written. Anchors
 * work, within a bound on what they unfold to. `undefined` after a problem: nothing can be said about the rest.
 */
export function parseYaml(text: string, file: string, judge: Judge): Parsed | undefined {
  const lines = new LineCounter()
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, version: "1.2", prettyErrors: false })
  const placeholders = document.errors.length > 0 ? unquotedPlaceholders(text.split("\n")) : []
  for (const { line, column, text: unquoted } of placeholders.slice(0, maximumErrors))
    judge(
      { file, line, column },
      {
        rule: "unquoted-placeholder",
        message: "text with a placeholder in it cannot be read here",
        hint: `Put it in quotes: "${unquoted}"`,
      },
    )
  // What YAML says from the first of them on only follows from it.
  const until = placeholders[0]?.line ?? Number.POSITIVE_INFINITY
  const errors = document.errors.filter(({ pos }) => at(pos[0]).line < until)
  for (const error of errors.slice(0, maximumErrors)) judgeSyntax(error, { at, judge })
  for (const { pos, message } of document.warnings.slice(0, maximumErrors))
    judge(at(pos[0]), { rule: "yaml", message: lowerFirst(message.replaceAll(/\s+/g, " ")) })
  if (document.errors.length > 0 || document.warnings.length > 0) return undefined
  const places = createPlaces(at)
  const reader = createReader({ places, at, judge })
  const value = reader.read(document.contents, 0)
  return reader.failed() ? undefined : { file, value, places }
}

type Syntax = {
  readonly at: (offset: number) => Position
  readonly judge: Judge
}

/** Plain text with `{name}` in it where YAML would begin a map: at its beginning, or anywhere within `{}` or `[]`. */
function unquotedPlaceholders(
  source: readonly string[],
): readonly { readonly line: number; readonly column: number; readonly text: string }[] {
  const word =
    /(?<=[:,[{-]\s*)(?:[^\s"'#,[\]{}:][^\s"',[\]{}]*)?\{[A-Za-z][\w-]*\}(?:[^\s"',[\]{}]|\{[A-Za-z][\w-]*\})*/g
  return source.slice(0, 10_000).flatMap((text, index) => {
    // Of what is quoted only the length counts.
    const plain = text
      .slice(0, 2_000)
      .replaceAll(/"(?:[^"\\]|\\.)*"|'[^']*'/g, (quoted) => '"'.repeat(quoted.length))
      .replace(/(?:^|\s)#.*$/, "")
    return [...plain.matchAll(word)].flatMap(({ 0: found, index: at }) => {
      const before = plain.slice(0, at)
      const isFlow = (before.match(/[[{]/g)?.length ?? 0) > (before.match(/[\]}]/g)?.length ?? 0)
      // Alone it is a map, which is said where text is expected; within a block, text may hold one further on.
      const isAlone = /^\{[\w-]+\}$/.test(found)
      const isRead = isAlone || (!isFlow && !found.startsWith("{"))
      return isRead ? [] : [{ line: index + 1, column: at + 1, text: found }]
    })
  })
}

function judgeSyntax({ pos, code, message }: YAMLParseError, { at, judge }: Syntax): void {
  const place = at(pos[0])
  if (/call stack/.test(message)) {
    judge(place, { rule: "too-large", message: "this is nested too deeply" })
    return
  }
  judge(place, {
    rule: "yaml",
    message:
      code === "MULTIPLE_DOCS" ? "the file holds more than one document" : lowerFirst(message.replaceAll(/\s+/g, " ")),
  })
}

type Read = { readonly value: unknown; readonly size: number }

function createReader({ places, at, judge }: { places: Places; at: (offset: number) => Position; judge: Judge }): {
  read(node: Node | null, depth: number): unknown
  failed(): boolean
} {
  const anchors = new Map<string, Read>()
  let total = 0
  let refused = 0
  const refuse = (offset: number, rule: string, message: string): Read => {
    refused += 1
    if (refused <= maximumErrors && (refused === 1 || rule !== "too-large")) judge(at(offset), { rule, message })
    return { value: null, size: 1 }
  }

  const visit = (node: unknown, depth: number): Read => {
    const offset = offsetOf(node)
    if (depth > maximumDepth) return refuse(offset, "too-large", `this is nested more than ${maximumDepth} levels deep`)
    if (node instanceof Alias) {
      const found = anchors.get(node.source)
      if (found === undefined) return refuse(offset, "yaml", `there is no anchor \`&${node.source}\` before this`)
      total += found.size
      return total > maximumEntries ? refuse(offset, "too-large", "the aliases of this file unfold to too much") : found
    }
    total += 1
    if (total > maximumEntries) return refuse(offset, "too-large", `this file has more than ${maximumEntries} entries`)
    const before = total
    const value = valueOf(node, depth)
    const read = { value, size: total - before + 1 }
    if (hasAnchor(node)) anchors.set(node.anchor, read)
    return read
  }

  const valueOf = (node: unknown, depth: number): unknown => {
    if (node instanceof Scalar) return scalarOf(node)
    if (node instanceof YAMLSeq) {
      const list: unknown[] = []
      for (const [index, item] of node.items.entries()) {
        list.push(visit(item, depth + 1).value)
        const place = offsetOf(item)
        places.set(list, index, { key: place, value: place, keyKind: "text", ...written(item) })
      }
      return list
    }
    return node instanceof YAMLMap ? mapOf(node, depth) : null
  }

  const mapOf = (node: YAMLMap, depth: number): Record<string, unknown> => {
    const map: Record<string, unknown> = Object.create(null) as Record<string, unknown>
    for (const pair of node.items) {
      if (!(pair instanceof Pair)) continue
      const { key, value } = pair
      if (!(key instanceof Scalar)) {
        refuse(offsetOf(key), "yaml", "a key must be text")
        continue
      }
      const name = key.source ?? String(key.value)
      if (name === "__proto__") {
        // Libraries below pass over this key, so that nothing would judge it.
        judge(at(offsetOf(key)), { rule: "yaml", message: "a key cannot be `__proto__`" })
        continue
      }
      if (Object.hasOwn(map, name)) {
        judge(at(offsetOf(key)), {
          rule: "duplicate-key",
          message: `\`${name}\` is written twice`,
          hint: `It is on line ${places.key(map, name).line} too; a map has each key once`,
        })
        continue
      }
      map[name] = visit(value, depth + 1).value
      const place = offsetOf(key)
      const valuePlace = value === null || value === undefined ? place : offsetOf(value)
      places.set(map, name, { key: place, value: valuePlace, keyKind: kindOf(key), ...written(value) })
    }
    return map
  }

  return { read: (node, depth) => visit(node, depth).value, failed: () => refused > 0 }
}

/** Numbers that JavaScript cannot hold come as `bigint` or infinite; as text they meet the usual refusal. */
function scalarOf(node: Scalar): unknown {
  const { value } = node
  if (typeof value === "bigint" || (typeof value === "number" && !Number.isFinite(value))) return node.source ?? null
  return value === null || ["string", "number", "boolean"].includes(typeof value) ? value : (node.source ?? null)
}

function kindOf(node: Scalar): ScalarKind {
  if (typeof node.value === "number" || typeof node.value === "bigint") return "number"
  if (typeof node.value === "boolean") return "boolean"
  return node.value === null ? "null" : "text"
}

function written(node: unknown): Pick<Entry, "source" | "flow"> {
  return {
    source: node instanceof Scalar ? node.source : undefined,
    flow: node instanceof YAMLMap && node.flow === true,
  }
}

function hasAnchor(node: unknown): node is { readonly anchor: string } {
  return (node instanceof Scalar || node instanceof YAMLSeq || node instanceof YAMLMap) && node.anchor !== undefined
}

function offsetOf(node: unknown): number {
  const ranged = node instanceof Scalar || node instanceof Alias || node instanceof YAMLMap || node instanceof YAMLSeq
  return ranged ? (node.range?.[0] ?? 0) : 0
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1).replace(/\.$/, "")
}
