import { Failure } from "../failure.ts"
import type { Digest } from "../oci/digest.ts"
import type { Platform } from "../oci/platform.ts"
import type { RowId } from "../tree/tree.ts"
import type { Lock } from "./lock.ts"
import type { LockNeeds } from "./needs.ts"

/** What the outside has to be asked. */
export type Questions = {
  readonly images: readonly { readonly reference: string; readonly platforms: readonly Platform[] }[]
  readonly urls: readonly string[]
  readonly debian: readonly {
    readonly row: RowId
    readonly platform: Platform
    readonly suite: string
    readonly packages: readonly string[]
  }[]
}

/** What it said, in the form of the lock. */
export type Answers = Pick<Lock, "images" | "urls" | "debian">

/** What to ask: everything with `upgrade`, else only what the old lock lacks. */
export function questionsFor(needs: LockNeeds, old: Lock, { upgrade }: { readonly upgrade: boolean }): Questions {
  const has = (reference: string, platform: Platform): boolean => own(old.images, reference)?.[platform] !== undefined
  return {
    images: [...needs.images].flatMap(([reference, all]) => {
      const platforms = upgrade ? all : all.filter((platform) => !has(reference, platform))
      return platforms.length === 0 ? [] : [{ reference, platforms }]
    }),
    urls: needs.urls.filter((url) => upgrade || own(old.urls, url) === undefined),
    debian: [...needs.debian].flatMap(([row, { suite, packages, platforms }]) =>
      platforms
        .filter((platform) => upgrade || lacking(old, { row, platform, packages }).length > 0)
        .map((platform) => ({ row, platform, suite, packages })),
    ),
  }
}

export type Update = {
  readonly answers: Answers
  /** The new value for rows with unlocked steps, such as the date; undefined keeps the old ones. */
  readonly refresh: string | undefined
}

/**
 * The new lock: what is needed, from the answers, else from the old lock; what nobody needs any more is dropped. Fails
 * with `cannot` when a Debian package was asked for and is not in the answer, as a virtual one is not.
 */
export function updateLock(needs: LockNeeds, old: Lock, { answers, refresh }: Update): Lock {
  const images: Record<string, Record<Platform, Digest>> = {}
  for (const [reference, platforms] of needs.images)
    for (const platform of platforms) {
      const digest = own(answers.images, reference)?.[platform] ?? own(old.images, reference)?.[platform]
      if (digest !== undefined) (images[reference] ??= {})[platform] = digest
    }
  const debian: Record<RowId, Record<Platform, Readonly<Record<string, string>>>> = {}
  for (const [row, { packages, platforms }] of needs.debian)
    for (const platform of platforms) {
      const answer = own(answers.debian, row)?.[platform]
      const virtual = answer === undefined ? undefined : packages.find((name) => !Object.hasOwn(answer, name))
      if (virtual !== undefined)
        throw new Failure("cannot", `\`${virtual}\` in \`${row}\` is not the name of a package that can be installed`, {
          hint: "A virtual package has no version: name one that provides it",
        })
      const versions = answer ?? own(old.debian, row)?.[platform]
      if (versions !== undefined) (debian[row] ??= {})[platform] = versions
    }
  return {
    version: 1,
    images,
    urls: Object.fromEntries(
      needs.urls.flatMap((url) => {
        const hash = own(answers.urls, url) ?? own(old.urls, url)
        return hash === undefined ? [] : [[url, hash]]
      }),
    ),
    debian,
    refresh: Object.fromEntries(
      needs.unlocked.flatMap((row) => {
        const before = own(old.refresh, row)
        const value = refresh === undefined ? before : nextRefresh(refresh, before)
        return value === undefined ? [] : [[row, value]]
      }),
    ),
  }
}

/** A value that differs from the one before, so that every upgrade is a new build: the date, then `.1` on the same day. */
function nextRefresh(date: string, before: string | undefined): string {
  if (before === date) return `${date}.1`
  const number = before?.startsWith(`${date}.`) === true ? Number(before.slice(date.length + 1)) : Number.NaN
  return Number.isSafeInteger(number) ? `${date}.${number + 1}` : date
}

/** What the lock lacks, as sentences' ends: `ghcr.io/x/y:1 for linux/arm64`. */
export function missingFrom(needs: LockNeeds, lock: Lock): readonly string[] {
  const { images, urls, debian } = questionsFor(needs, lock, { upgrade: false })
  return [
    ...images.map(({ reference, platforms }) => `${reference} for ${platforms.join(", ")}`),
    ...urls,
    ...debian.map(({ row, platform, packages }) => {
      const names = lacking(lock, { row, platform, packages })
      const all = own(lock.debian, row)?.[platform] === undefined
      return `${all ? "the Debian packages" : names.join(", ")} of ${row} for ${platform}`
    }),
  ]
}

type Debian = { readonly row: RowId; readonly platform: Platform; readonly packages: readonly string[] }

/** What was asked for and is not locked; with nothing locked at all, `*`. */
function lacking(lock: Lock, { row, platform, packages }: Debian): readonly string[] {
  const locked = own(lock.debian, row)?.[platform]
  return locked === undefined ? ["*"] : packages.filter((name) => !Object.hasOwn(locked, name))
}

/** A value under a name that somebody else chose: `constructor` is none. */
function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined
}
