/**
 * Below 0 where an RPM's `EPOCH:VERSION-RELEASE` comes before another one, 0 where they are one. No epoch is an epoch of 0.
 * https://rpm-software-management.github.io/rpm/man/rpm-version.7
 */
export function compareRpm(a: string, b: string): number {
  const [first, second] = [partsOf(a), partsOf(b)]
  return (
    compareNumbers(first.epoch, second.epoch) ||
    compareParts(first.version, second.version) ||
    compareParts(first.release, second.release)
  )
}

function partsOf(written: string): Readonly<Record<"epoch" | "version" | "release", string>> {
  const [, epoch = "0", version = "", release = ""] = /^(?:(\d+):)?([^-]*)-?(.*)$/s.exec(written) ?? []
  return { epoch, version, release }
}

/** As `rpmvercmp`: parts of digits or of letters in turn, whatever else only parts them; `~` comes before all, `^` after the end alone. */
function compareParts(a: string, b: string): number {
  const [first, second] = [tokensOf(a), tokensOf(b)]
  for (let at = 0; ; at++) {
    const [left, right] = [first[at], second[at]]
    if (left === right && left === undefined) return 0
    if (left === right) continue
    for (const [mark, atEnd] of [
      ["~", -1],
      ["^", 1],
    ] as const) {
      if (left === mark) return right === undefined ? atEnd : -1
      if (right === mark) return left === undefined ? -atEnd : 1
    }
    if (left === undefined) return -1
    if (right === undefined) return 1
    const [isNumber, isOther] = [/^\d/.test(left), /^\d/.test(right)]
    // A number is newer than letters.
    if (isNumber !== isOther) return isNumber ? 1 : -1
    const order = isNumber ? compareNumbers(left, right) : left < right ? -1 : 1
    if (order !== 0) return order
  }
}

function tokensOf(text: string): readonly string[] {
  return text.match(/[~^]|\d+|[A-Za-z]+/g) ?? []
}

/** Digits of any length. */
function compareNumbers(a: string, b: string): number {
  const [first, second] = [a, b].map((digits) => digits.replace(/^0+/, "")) as [string, string]
  return first.length - second.length || (first < second ? -1 : first > second ? 1 : 0)
}
