import { cleanVersion, normaliseName } from "./names.ts"

/** A wheel that a requirement names by its URL. */
export type WheelUrl = {
  /** As written, without a fragment: what `direct_url.json` says. */
  readonly url: string
  /** From the name of the file. */
  readonly version: string
  /** The SHA-256 of the fragment, `sha256:<hex>`, where there is one. */
  readonly hash: string | undefined
}

type Refused = { readonly message: string; readonly hint: string }

/** What to do with a package that is nowhere as a wheel with a hash. */
export const wheelHint =
  "Build its wheel, put it on an index, at an https URL, or in a folder that pip's `find-links` names, and lock it with its hash"

const folderHint =
  "Such a URL names a folder of one machine: name the folder in pip's `find-links`, and lock the package by version and hash"

/** All that RFC 3986 lets a URL have. Anything else two programs may read in two ways. */
const plain = /^[\w\-.~:/?#[\]@!$&'()*+,;=%]+$/
const wheelName = /^([A-Za-z0-9](?:[\w.]*[A-Za-z0-9])?)-([^-]+)(?:-\d[^-]*)?(?:-[^-]+){3}\.whl$/

/** A text without the logins and queries of the URLs in it. */
export function withoutLogins(text: string): string {
  return text.replaceAll(/\/\/[^/?#\s]*@/g, "//").replaceAll(/(:\/\/[^?#\s]*)\?\S*/g, "$1")
}

/**
 * The URL of `name @ URL`. Only wheels over http(s), without anything that could be a secret: what stands here enters
 * keys, layers and logs. https://packaging.python.org/en/latest/specifications/dependency-specifiers/
 */
export function readWheelUrl(name: string, text: string): WheelUrl | Refused {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1]?.toLowerCase() ?? ""
  if (scheme === "" || scheme === "file")
    return { message: `${name} comes from a file of this machine`, hint: folderHint }
  if (scheme !== "http" && scheme !== "https")
    return { message: `${name} comes from \`${scheme}:\`, which has no hash`, hint: wheelHint }
  if (/^[^:]*:\/\/[^/?#]*@/.test(text) || text.includes("${"))
    return {
      message: `the URL of ${name} has a login or a variable in it`,
      hint: "Take it out and put the login into ~/.netrc: what is written here can be read in images and logs",
    }
  const [address, fragment] = splitAt(text, "#")
  if (address.includes("?"))
    return {
      message: `the URL of ${name} has a query, which can hold a login`,
      hint: "Take it out if the server does not need it: what is written here can be read in images and logs",
    }
  const parsed = plain.test(text) ? parsedUrl(address) : undefined
  if (parsed === undefined || address.includes(";"))
    return {
      message: `what follows \`${name} @\` is not a URL`,
      hint: "Write `name @ https://host/path/file.whl`, and a space before the `;` of a marker",
    }
  const filename = parsed.pathname.slice(parsed.pathname.lastIndexOf("/") + 1)
  if (!filename.endsWith(".whl")) return { message: `${name} comes from a URL that names no wheel`, hint: wheelHint }
  const [, distribution = "", version = ""] = wheelName.exec(decoded(filename)) ?? []
  const found = cleanVersion(version)
  if (found === null || normaliseName(distribution) !== normaliseName(name))
    return {
      message: `the URL of ${name} names ${decoded(filename)}, which is no wheel of ${name}`,
      hint: "A wheel's file is called NAME-VERSION-PYTHON-ABI-PLATFORM.whl: correct the URL or the name",
    }
  const hash = hashIn(fragment)
  if (hash === null)
    return {
      message: `the URL of ${name} has a fragment that is not understood`,
      hint: "Only `#sha256=` and the hash may follow a URL",
    }
  return { url: `${scheme}${address.slice(scheme.length)}`, version: found, hash }
}

/** The hash of a fragment, undefined where there is none, and null for what cannot be used. `egg=` says nothing of a wheel. */
function hashIn(fragment: string): string | undefined | null {
  let hash: string | undefined
  for (const part of fragment.split("&")) {
    if (part === "" || part.startsWith("egg=")) continue
    const hex = /^sha256=([0-9a-f]{64})$/i.exec(part)?.[1]
    if (hex === undefined || hash !== undefined) return null
    hash = `sha256:${hex.toLowerCase()}`
  }
  return hash
}

function splitAt(text: string, mark: string): readonly [string, string] {
  const at = text.indexOf(mark)
  return at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)]
}

function parsedUrl(text: string): URL | undefined {
  return /^https?:\/\/[^/]+\//i.test(text) && URL.canParse(text) ? new URL(text) : undefined
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
