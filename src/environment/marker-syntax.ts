/** Names that a marker may ask for. https://packaging.python.org/en/latest/specifications/dependency-specifiers/#environment-markers */
const markerVariables = [
  "python_version",
  "python_full_version",
  "os_name",
  "sys_platform",
  "platform_release",
  "platform_system",
  "platform_version",
  "platform_machine",
  "platform_python_implementation",
  "implementation_name",
  "implementation_version",
  "extra",
] as const

export type MarkerVariable = (typeof markerVariables)[number]

export type MarkerOperand =
  | { readonly kind: "variable"; readonly name: MarkerVariable }
  | { readonly kind: "text"; readonly text: string }

const markerOperators = ["<=", "<", "!=", "===", "==", ">=", ">", "~=", "in", "not in"] as const
export type MarkerOperator = (typeof markerOperators)[number]

/** A parsed marker. */
export type Marker =
  | { readonly kind: "and" | "or"; readonly left: Marker; readonly right: Marker }
  | {
      readonly kind: "compare"
      readonly left: MarkerOperand
      readonly operator: MarkerOperator
      readonly right: MarkerOperand
    }

/** Older names that setuptools wrote; they mean the same. */
const aliases: Readonly<Record<string, MarkerVariable>> = {
  "os.name": "os_name",
  "sys.platform": "sys_platform",
  "platform.version": "platform_version",
  "platform.machine": "platform_machine",
  "platform.python_implementation": "platform_python_implementation",
  python_implementation: "platform_python_implementation",
}

type Token = { readonly kind: "text" | "word" | "operator" | "open" | "close"; readonly text: string }

const tokenShape =
  /\s*(?:(?<text>'[^']*'|"[^"]*")|(?<operator>===|<=|>=|==|!=|~=|<|>)|(?<word>[A-Za-z_][\w.]*)|(?<open>\()|(?<close>\)))\s*/y

/** How deep parentheses may be; more is hostile. */
const deepest = 100

/** Parses a marker such as `python_version < "3.11" and sys_platform == "linux"`; undefined when it is none. */
export function parseMarker(text: string): Marker | undefined {
  const tokens = tokensOf(text)
  if (tokens === undefined) return undefined
  const reader: Reader = { tokens, at: 0, depth: 0 }
  const marker = either(reader)
  return reader.at === tokens.length ? marker : undefined
}

/** One text for all spellings of a marker: what enters keys. Its parts stay in their order. */
export function markerText(marker: Marker): string {
  if (marker.kind === "compare") return `${operandText(marker.left)} ${marker.operator} ${operandText(marker.right)}`
  const side = (part: Marker): string =>
    // `and` binds stronger; of two alike the left one comes first anyway.
    marker.kind === "and" && part.kind === "or" ? `(${markerText(part)})` : markerText(part)
  const right = marker.right.kind === marker.kind ? `(${markerText(marker.right)})` : side(marker.right)
  return `${side(marker.left)} ${marker.kind} ${right}`
}

function operandText(side: MarkerOperand): string {
  if (side.kind === "variable") return side.name
  return side.text.includes('"') ? `'${side.text}'` : `"${side.text}"`
}

type Reader = { readonly tokens: readonly Token[]; at: number; depth: number }

function tokensOf(text: string): readonly Token[] | undefined {
  const tokens: Token[] = []
  tokenShape.lastIndex = 0
  while (tokenShape.lastIndex < text.length) {
    const groups = tokenShape.exec(text)?.groups
    if (groups === undefined) return undefined
    for (const kind of ["text", "operator", "word", "open", "close"] as const) {
      const found = groups[kind]
      if (found !== undefined) tokens.push({ kind, text: kind === "text" ? found.slice(1, -1) : found })
    }
  }
  return tokens.length === 0 ? undefined : tokens
}

function either(reader: Reader): Marker | undefined {
  return chain(reader, "or", (inner) => chain(inner, "and", single))
}

function chain(reader: Reader, kind: "and" | "or", part: (reader: Reader) => Marker | undefined): Marker | undefined {
  let left = part(reader)
  while (left !== undefined && isWord(reader, kind)) {
    reader.at++
    const right = part(reader)
    if (right === undefined) return undefined
    left = { kind, left, right }
  }
  return left
}

function single(reader: Reader): Marker | undefined {
  if (reader.tokens[reader.at]?.kind !== "open") return comparison(reader)
  if (++reader.depth > deepest) return undefined
  reader.at++
  const inner = either(reader)
  if (reader.tokens[reader.at]?.kind !== "close") return undefined
  reader.at++
  reader.depth--
  return inner
}

function comparison(reader: Reader): Marker | undefined {
  const left = operand(reader)
  const operator = operatorOf(reader)
  const right = operand(reader)
  if (left === undefined || operator === undefined || right === undefined) return undefined
  return { kind: "compare", left, operator, right }
}

function operand(reader: Reader): MarkerOperand | undefined {
  const token = reader.tokens[reader.at++]
  if (token?.kind === "text") return { kind: "text", text: token.text }
  if (token?.kind !== "word") return undefined
  const name = Object.hasOwn(aliases, token.text) ? aliases[token.text] : token.text
  const known = markerVariables.find((one) => one === name)
  return known === undefined ? undefined : { kind: "variable", name: known }
}

function operatorOf(reader: Reader): MarkerOperator | undefined {
  if (isWord(reader, "not")) {
    reader.at++
    if (!isWord(reader, "in")) return undefined
    reader.at++
    return "not in"
  }
  const token = reader.tokens[reader.at++]
  return markerOperators.find((one) => one === token?.text)
}

function isWord(reader: Reader, text: string): boolean {
  const token = reader.tokens[reader.at]
  return token?.kind === "word" && token.text === text
}
