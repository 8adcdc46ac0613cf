import type { Places } from "./places.ts"

type Fields = Readonly<Record<string, unknown>>

/**
 * The second map over the first: maps merge at every level, anything else replaces. The result is new, and its
 * entries keep the places of where they came from.
 */
export function mergeFields<A extends object, B extends object>(first: A, second: B, places: Places): A & B {
  const merged: Record<string, unknown> = {}
  for (const [from, fields] of [first, second].map((one) => [one, one as Fields] as const)) {
    for (const [key, value] of Object.entries(fields)) {
      const before = merged[key]
      merged[key] = isMap(before) && isMap(value) ? mergeFields(before, value, places) : value
      const entry = places.entry(from, key)
      if (entry !== undefined) places.set(merged, key, entry)
    }
  }
  return merged as A & B
}

function isMap(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
