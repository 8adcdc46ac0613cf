import type { Position } from "./row.ts"

/** What YAML makes of an unquoted or quoted scalar. */
export type ScalarKind = "text" | "number" | "boolean" | "null"

/** Where an entry of a map or list stands: offsets into the text. For a list both are the item's. */
export type Entry = {
  readonly key: number
  readonly value: number
  readonly keyKind: ScalarKind
  /** A scalar as it was written, without quotes: `2021.10` where the value is 2021.1. */
  readonly source: string | undefined
  /** Written as `{…}`. */
  readonly flow: boolean
}

/**
 * Where the entries of each map and list stand, found by the identity of the map or list itself. So the parsed
 * value stays plain data, and a merged map can keep the places of what it was merged from.
 */
export type Places = {
  /** Where the key stands; for an item of a list, the item. */
  key(container: object, key: string | number): Position
  /** Where the value stands. */
  value(container: object, key: string | number): Position
  entry(container: object, key: string | number): Entry | undefined
  set(container: object, key: string | number, entry: Entry): void
}

/** An empty book of places. `locate` turns an offset into line and column. */
export function createPlaces(locate: (offset: number) => Position): Places {
  const book = new WeakMap<object, Map<string, Entry>>()
  const entry = (container: object, key: string | number): Entry | undefined => book.get(container)?.get(String(key))
  return {
    entry,
    key: (container, key) => locate(entry(container, key)?.key ?? 0),
    value: (container, key) => locate(entry(container, key)?.value ?? 0),
    set: (container, key, found) => {
      const known = book.get(container)
      if (known === undefined) book.set(container, new Map([[String(key), found]]))
      else known.set(String(key), found)
    },
  }
}
