/** A value as the one JSON document on stdout. */
export function json(value: object): string {
  return `${JSON.stringify({ version: 1, ...value }, undefined, 2)}\n`
}
