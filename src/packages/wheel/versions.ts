import { parse } from "@renovatebot/pep440"

/** A text that two versions share if PEP 440 says that they are one: `1.0` and `v1`, `1.0-alpha.1` and `1.0a1`. */
export function normalVersion(version: string): string {
  const text = version
    .trim()
    .toLowerCase()
    .replace(/[-_](?=[^+]*$)/g, (mark, at: number, whole: string) => (whole.lastIndexOf("+", at) === -1 ? mark : "."))
  const parsed = parse(text)
  if (parsed === null) return text
  const { epoch, release, pre, post, dev } = parsed
  const last = release.findLastIndex((part) => part !== 0)
  const numbers = release.slice(0, Math.max(1, last + 1)).join(".")
  const joined = (parts: readonly (string | number)[] | null, before: string): string =>
    parts === null || parts.length === 0 ? "" : before + parts.join("")
  return [
    epoch === 0 ? "" : `${epoch}!`,
    numbers,
    joined(pre, ""),
    joined(post, "."),
    joined(dev, "."),
    /\+.*$/.exec(text)?.[0] ?? "",
  ].join("")
}
