/** An object of a JSON file, be it what it may; undefined for what is none. */
export function jsonObject(content: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(content.toString("utf8").replace(/^\uFEFF/, ""))
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** A text that is there. */
export function textIn(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value.slice(0, 400) : undefined
}
