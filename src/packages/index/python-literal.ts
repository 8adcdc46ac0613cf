const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "\\": "\\", "'": "'", '"': '"' }

/** The text of a Python string literal as `repr` writes it, or the text itself when it is none. */
export function pythonString(literal: string): string {
  const quote = literal[0]
  if ((quote !== "'" && quote !== '"') || literal.length < 2 || !literal.endsWith(quote)) return literal
  return literal
    .slice(1, -1)
    .replace(
      /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))/gi,
      (whole, x, u, long, plain: string | undefined) => {
        const code = (x ?? u ?? long) as string | undefined
        if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16))
        return escapes[plain ?? ""] ?? whole
      },
    )
}
