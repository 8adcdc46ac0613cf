import { Parser } from "htmlparser2"
import { linkFrom, type Link } from "./link.ts"

/**
 * The files of an index page in HTML: every anchor with `href`, below `<base href>` where there is one; hashes from
 * the fragment, `data-requires-python` as it is. Yanked files stay: a pinned version takes them, as in pip.
 * https://packaging.python.org/en/latest/specifications/simple-repository-api/
 */
export function parseHtmlPage(text: string, address: string): Link[] {
  const links: Link[] = []
  let base = address
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        const href = attributes["href"]?.trim()
        if (href === undefined || href === "") return
        if (name === "base") base = absolute(href, address)
        if (name !== "a") return
        const link = linkFrom(href, base, { requiresPython: attributes["data-requires-python"] })
        if (link !== undefined) links.push(link)
      },
    },
    { decodeEntities: true, lowerCaseTags: true },
  )
  parser.end(text)
  return links
}

function absolute(href: string, address: string): string {
  try {
    const url = new URL(href, address)
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : address
  } catch {
    return address
  }
}
