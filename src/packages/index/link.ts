/** A file that an index page or a folder offers. */
export type Link = {
  readonly filename: string
  /** Absolute, without a fragment. */
  readonly url: string
  /** 64 hexadecimal digits; undefined where the page says nothing. */
  readonly sha256: string | undefined
  readonly requiresPython: string | undefined
  /** In bytes, where the page says so. */
  readonly size?: number | undefined
  /** A lock names it, and no page. */
  readonly isLocked?: true | undefined
}

/** A link from a URL as a page writes it; undefined when it names no file that we could fetch. */
export function linkFrom(
  href: string,
  base: string,
  facts: {
    readonly filename?: string
    readonly sha256?: string | undefined
    readonly requiresPython?: string | undefined
    readonly size?: number | undefined
  },
): Link | undefined {
  let url: URL
  try {
    url = new URL(href, base)
  } catch {
    return undefined
  }
  const local = new URL(base).protocol === "file:"
  if (url.protocol !== "https:" && url.protocol !== "http:" && !(local && url.protocol === "file:")) return undefined
  const fragment = /(?:^#|&)sha256=([0-9a-f]{64})(?:&|$)/i.exec(url.hash)?.[1]
  url.hash = ""
  // A page is not asked for passwords: logins come from the user's configuration only.
  url.username = ""
  url.password = ""
  const filename = facts.filename ?? decoded(url.pathname.slice(url.pathname.lastIndexOf("/") + 1))
  const sha256 = (facts.sha256 ?? fragment)?.toLowerCase()
  return { filename, url: url.href, sha256, requiresPython: facts.requiresPython, size: facts.size }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
