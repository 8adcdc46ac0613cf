/** All but newlines and tabs that moves a cursor, colours, or turns the direction of text. CRLF is one newline. */
const control = /\r(?!\n)|(?![\n\r\t])[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu
const coloured = new RegExp(`(\\u001B\\[(?:1|2|22|31|32|36|39)m)|${control.source}`, "gu")

/**
 * Text of files, registries or wheels as it can be sent to a terminal: control characters are shown as `\u001b`, which
 * is what JSON has for them too. With `colors`, the few sequences that our own colours are made of are left.
 */
export function visible(text: string, { colors = false }: { readonly colors?: boolean } = {}): string {
  // Most text is plain.
  if (/^[\n\t -~]*$/.test(text)) return text
  return text.replace(colors ? coloured : control, (found: string, ours: unknown) =>
    typeof ours === "string" ? found : `\\u${(found.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  )
}
