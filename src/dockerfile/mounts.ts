import type { Flag } from "./words.ts"

/** What a `RUN --mount` says, as far as it decides what the build can see. */
export type Mount = {
  readonly type: string
  /** A stage or an image; undefined for the context. */
  readonly from: string | undefined
  /** What is mounted of it; `""` is all. */
  readonly source: string
}

/** The mount of a flag's value: fields with commas between, as CSV. */
export function mountOf(flag: Flag): Mount {
  const fields = new Map(
    csv(flag.value ?? "").map((field): [string, string] => {
      const equals = field.indexOf("=")
      return equals === -1 ? [field.toLowerCase(), ""] : [field.slice(0, equals).toLowerCase(), field.slice(equals + 1)]
    }),
  )
  return {
    type: fields.get("type") ?? "bind",
    from: fields.get("from"),
    source: fields.get("source") ?? fields.get("src") ?? "",
  }
}

/** The text of a mount with another image. */
export function mountFrom(flag: Flag, reference: string): string {
  const fields = csv(flag.value ?? "").map((field) => (/^from=/i.test(field) ? `from=${reference}` : field))
  return `--mount=${fields.map((field) => (/[",\s]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(",")}`
}

function csv(text: string): readonly string[] {
  const fields: string[] = []
  let field = ""
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i)
    if (quoted && character === '"' && text.charAt(i + 1) === '"') field += text.charAt(i++)
    else if (character === '"' && (quoted || field === "")) quoted = !quoted
    else if (character === "," && !quoted) {
      fields.push(field.trim())
      field = ""
    } else field += character
  }
  return [...fields, field.trim()].filter((one) => one !== "")
}
