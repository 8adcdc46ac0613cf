import type { Platform } from "../oci/platform.ts"
import type { RowId } from "../tree/tree.ts"
import type { Lock } from "./lock.ts"

/** One entry that differs between two locks; `from` is missing for one that came, `to` for one that went. */
export type Moved = { readonly from?: string; readonly to?: string } & (
  | { readonly kind: "image"; readonly reference: string; readonly platform: Platform }
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "debian"; readonly row: RowId; readonly platform: Platform; readonly name: string }
  | { readonly kind: "refresh"; readonly row: RowId }
)

/** Everything that moved from one lock to another, sorted. */
export function movedBetween(old: Lock, now: Lock): readonly Moved[] {
  return [
    ...nested(old.images, now.images).flatMap(({ outer, before, after }) =>
      differing(before, after).map(({ name, ...change }): Moved => ({
        kind: "image",
        reference: outer,
        platform: name as Platform,
        ...change,
      })),
    ),
    ...differing(old.urls, now.urls).map(({ name, ...change }): Moved => ({ kind: "url", url: name, ...change })),
    ...nested(old.debian, now.debian).flatMap(({ outer: row, before, after }) =>
      nested(before, after).flatMap(({ outer: platform, before: was, after: is }) =>
        differing(was, is).map(({ name, ...change }): Moved => ({
          kind: "debian",
          row,
          platform: platform as Platform,
          name,
          ...change,
        })),
      ),
    ),
    ...differing(old.refresh, now.refresh).map(({ name, ...change }): Moved => ({
      kind: "refresh",
      row: name,
      ...change,
    })),
  ]
}

type Texts = Readonly<Record<string, string>>

function nested<T extends object>(old: Readonly<Record<string, T>>, now: Readonly<Record<string, T>>) {
  return names(old, now).map((outer) => ({
    outer,
    before: (Object.hasOwn(old, outer) ? old[outer] : undefined) ?? ({} as T),
    after: (Object.hasOwn(now, outer) ? now[outer] : undefined) ?? ({} as T),
  }))
}

function differing(
  old: Texts,
  now: Texts,
): readonly { readonly name: string; readonly from?: string; readonly to?: string }[] {
  return names(old, now).flatMap((name) => {
    const from = Object.hasOwn(old, name) ? old[name] : undefined
    const to = Object.hasOwn(now, name) ? now[name] : undefined
    if (from === to) return []
    return [{ name, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }]
  })
}

function names(old: object, now: object): readonly string[] {
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].sort()
}
