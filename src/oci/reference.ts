import { isDigest, type Digest } from "./digest.ts"

/** A parsed image reference. Without a host, `repository` is as it was written. */
export type Reference = {
  /** `ghcr.io`, `127.0.0.1:5000`, `[::1]:5000`; undefined when none was written. */
  readonly host: string | undefined
  readonly repository: string
  readonly tag: string | undefined
  readonly digest: Digest | undefined
}

const repositoryShape = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/
const tagShape = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/
const hostShape =
  /^(?:\[[0-9a-fA-F:]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*)(?::[0-9]{1,5})?$/

/**
 * True for a legal repository path of at most 255 characters.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
 */
export function isRepository(text: string): boolean {
  return text.length <= 255 && repositoryShape.test(text)
}

/** True for a legal tag: at most 128 characters, not starting with `.` or `-`. */
export function isTag(text: string): boolean {
  return tagShape.test(text)
}

/**
 * Parses `[host[:port]/]path[:tag][@digest]`; undefined when it is none. The first part is a host as Docker decides
 * it: it has a dot or a colon, or is `localhost`. On `docker.io` alone a path of one part gets `library/` in front.
 */
export function parseReference(text: string): Reference | undefined {
  const at = text.indexOf("@")
  const digest = at === -1 ? undefined : text.slice(at + 1)
  if (digest !== undefined && !isDigest(digest)) return undefined
  const named = at === -1 ? text : text.slice(0, at)
  const colon = named.lastIndexOf(":")
  const tagged = colon > named.lastIndexOf("/") && colon !== -1
  const tag = tagged ? named.slice(colon + 1) : undefined
  if (tag !== undefined && !isTag(tag)) return undefined
  const path = tagged ? named.slice(0, colon) : named
  const host = hostOf(path)
  if (host !== undefined && !isHost(host)) return undefined
  const rest = host === undefined ? path : path.slice(host.length + 1)
  const repository = isDockerHub(host) && !rest.includes("/") ? `library/${rest}` : rest
  if (!isRepository(repository)) return undefined
  return { host: isDockerHub(host) ? "docker.io" : host, repository, tag, digest }
}

/** The text form of a reference. */
export function formatReference(reference: Reference): string {
  const host = reference.host === undefined ? "" : `${reference.host}/`
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`
  const digest = reference.digest === undefined ? "" : `@${reference.digest}`
  return `${host}${reference.repository}${tag}${digest}`
}

function hostOf(path: string): string | undefined {
  const slash = path.indexOf("/")
  if (slash === -1) return undefined
  const first = path.slice(0, slash)
  return /[.:]/.test(first) || first === "localhost" ? first : undefined
}

function isHost(host: string): boolean {
  if (!hostShape.test(host)) return false
  const port = /:([0-9]+)$/.exec(host.replace(/^\[.*\]/, ""))?.[1]
  return port === undefined || (Number(port) > 0 && Number(port) < 65_536)
}

function isDockerHub(host: string | undefined): boolean {
  return host === "docker.io" || host === "index.docker.io"
}
