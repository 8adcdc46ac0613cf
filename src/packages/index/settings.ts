import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { Failure } from "../../failure.ts"
import type { Host } from "../../host/host.ts"
import { parseNetrc, type Login } from "./netrc.ts"
import { pipDefaultIndex, readPipSettings } from "./pip-settings.ts"

/** Where wheels come from, as the user has configured pip and uv (design, decision 13). */
export type IndexSettings = {
  /** Base URLs without credentials, the most important first, without a slash at the end. */
  readonly indexes: readonly string[]
  /** URLs of pages or of folders (`file:`). */
  readonly findLinks: readonly string[]
  /** Certificates in PEM form that replace the machine's own. */
  readonly ca: string | undefined
  /** `host` or `host:port`, whose certificates nobody verifies and which may be asked over plain HTTP. */
  readonly trusted: ReadonlySet<string>
  /** Milliseconds without an answer. */
  readonly timeout: number
  /** Logins by the URL that they were configured with, from URLs and from `UV_INDEX_<NAME>_USERNAME`. */
  readonly logins: ReadonlyMap<string, Login>
  /** Logins by host name, from `.netrc`; the empty name is for all others. */
  readonly netrc: ReadonlyMap<string, Login>
}

type SettingsHost = Pick<Host, "run" | "env" | "files" | "machine">

/**
 * Reads the configuration: pip's own, then `UV_DEFAULT_INDEX`, `UV_INDEX_URL`, `UV_INDEX`, `UV_EXTRA_INDEX_URL`,
 * `UV_FIND_LINKS`, `UV_NO_INDEX`, `UV_INSECURE_HOST`, `SSL_CERT_FILE`, and `.netrc`. Fails with `cannot` when a URL
 * is none. There may be no index and no page.
 */
export async function readIndexSettings(host: SettingsHost, signal: AbortSignal): Promise<IndexSettings> {
  const { env } = host
  const pip = await readPipSettings(host, signal)
  const logins = new Map<string, Login>()
  const plain = (text: string): string => withoutLogin(text, logins)
  const noIndex = isTrue(pip.get("no-index")) || isTrue(env["UV_NO_INDEX"])
  const first = env["UV_DEFAULT_INDEX"] ?? env["UV_INDEX_URL"] ?? pip.get("index-url")
  const named = list(env["UV_INDEX"]).map((text) => uvIndex(text, env, logins))
  const more = [...list(pip.get("extra-index-url")), ...list(env["UV_EXTRA_INDEX_URL"])].map(plain)
  const findLinks = [...list(pip.get("find-links")), ...list(env["UV_FIND_LINKS"], /[,\s]+/)]
  const indexes = noIndex ? [] : [...named, plain(first ?? (await pipDefaultIndex(host, signal)) ?? ""), ...more]
  const known = [...new Set(indexes.filter((index) => index !== ""))]
  return {
    indexes: known,
    findLinks: findLinks.map((text) => plain(fullPath(text, host.machine.home))),
    ca: await certificates(host, pip.get("cert") ?? env["SSL_CERT_FILE"]),
    trusted: new Set([...list(pip.get("trusted-host")), ...list(env["UV_INSECURE_HOST"])]),
    timeout: Math.min(600, Math.max(1, Number(pip.get("timeout") ?? 15) || 15)) * 1000,
    logins,
    netrc: parseNetrc(await host.files.readText(env["NETRC"] ?? join(host.machine.home, ".netrc")).catch(() => "")),
  }
}

/** Fails with `cannot` where nothing is configured that could offer a package, and there is no pip that knows an index. */
export function requirePlace({ indexes, findLinks }: Pick<IndexSettings, "indexes" | "findLinks">): void {
  if (indexes.length > 0 || findLinks.length > 0) return
  throw new Failure("cannot", "No package index is configured, and there is no pip that knows one", {
    hint: "Set `PIP_INDEX_URL`, or install pip: `apt-get install python3-pip`",
  })
}

/** The URL of an index or page without user and password, which are noted under it. A path becomes a `file:` URL. */
function withoutLogin(text: string, logins: Map<string, Login>): string {
  if (text === "") return ""
  if (!isUrl(text) && !text.startsWith("/")) throw badUrl(text)
  const url = isUrl(text) ? parsed(text) : pathToFileURL(text)
  if (!["http:", "https:", "file:"].includes(url.protocol)) throw badUrl(text)
  const { username, password } = url
  url.username = ""
  url.password = ""
  url.hash = ""
  const plain = url.href.replace(/\/+$/, "")
  if (username !== "") logins.set(plain, { user: decodeURIComponent(username), password: decodeURIComponent(password) })
  return plain
}

/** pip takes a folder as people write it: from where it is started, or from their home. */
function fullPath(text: string, home: string): string {
  if (isUrl(text)) return text
  return /^~(?:\/|$)/.test(text) ? join(home, text.slice(1)) : resolve(text)
}

function isUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text)
}

function parsed(text: string): URL {
  try {
    return new URL(text)
  } catch {
    throw badUrl(text)
  }
}

function badUrl(text: string): Failure {
  const safe = text.replace(/\/\/[^@/]*@/, "//")
  return new Failure(
    "cannot",
    `\`${safe}\` is configured as a package index, but it is neither a URL nor an absolute path`,
    {
      hint: "See `pip config list` and the variables `PIP_*` and `UV_*`",
    },
  )
}

/** `NAME=URL` or a URL; a name's login comes from `UV_INDEX_<NAME>_USERNAME` and `_PASSWORD`. */
function uvIndex(text: string, env: Host["env"], logins: Map<string, Login>): string {
  const match = /^([A-Za-z0-9_.-]+)=(.*)$/.exec(text)
  if (match === null) return withoutLogin(text, logins)
  const [, name = "", url = ""] = match
  const variable = `UV_INDEX_${name.toUpperCase().replace(/[^A-Z0-9]/g, "_")}`
  const plain = withoutLogin(url, logins)
  const user = env[`${variable}_USERNAME`]
  const password = env[`${variable}_PASSWORD`]
  if (user !== undefined || password !== undefined) {
    logins.set(plain, { user: user ?? "", password: password ?? "" })
  }
  return plain
}

async function certificates(host: SettingsHost, path: string | undefined): Promise<string | undefined> {
  if (path === undefined || path === "") return undefined
  try {
    return await host.files.readText(path)
  } catch (error) {
    throw new Failure("cannot", `Cannot read the certificates in ${path}`, {
      hint: "See `cert` in `pip config list`, `PIP_CERT` and `SSL_CERT_FILE`",
      cause: error,
    })
  }
}

function list(text: string | undefined, separator = /\s+/): string[] {
  return (text ?? "").split(separator).filter((part) => part !== "")
}

function isTrue(text: string | undefined): boolean {
  return ["1", "true", "yes", "on", "y", "t"].includes((text ?? "").toLowerCase())
}
