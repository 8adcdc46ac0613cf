import { Failure } from "../../../failure.ts"
import { isLinkLocal, isLoopback, isPrivate } from "./address.ts"
import type { Endpoint } from "./endpoint.ts"

/**
 * Where a registry may send us: to itself, to another host over HTTPS, or, if it is plain itself, to another port of
 * its own host. A public one never to a private address of another host, so that it cannot reach into this network
 * through us; one that is private itself, as on a campus, has its token server and its storage there too. `location` may be relative to `base`. Fails with `cannot` otherwise.
 */
export function checkedLocation(endpoint: Endpoint, location: string, base: string): URL {
  const refuse = (why: string, hint?: string): Failure =>
    new Failure("cannot", `${endpoint.host} sent us to an address that ${why}`, {
      detail: printable(location),
      ...(hint === undefined ? {} : { hint }),
    })
  if (!URL.canParse(location, base)) throw refuse("cannot be read")
  const next = new URL(location, base)
  if (next.username !== "" || next.password !== "") throw refuse("carries a login")
  if (next.origin === endpoint.origin) return next
  // All names of this machine are one host.
  const sameHost = next.hostname === endpoint.hostname || (isLoopback(next.hostname) && isLoopback(endpoint.hostname))
  const plainAllowed = next.protocol === "http:" && endpoint.plain && sameHost
  if (next.protocol !== "https:" && !plainAllowed) {
    throw refuse("is not HTTPS", sameHost ? "A proxy before a registry has to set `X-Forwarded-Proto`" : undefined)
  }
  if (!sameHost && !isReachedFrom(endpoint.hostname, next.hostname)) throw refuse("is private to another host")
  return next
}

/** Whether a registry may name another host: any public one, and one of its own network if it is in a private one itself. */
function isReachedFrom(registry: string, other: string): boolean {
  if (!isPrivate(other)) return true
  return isPrivate(registry) && !isLoopback(registry) && !isLoopback(other) && !isLinkLocal(other)
}

/** Without its query, which often is a signature, and without control characters. */
function printable(location: string): string {
  return location
    .replace(/[?#].*$/s, "")
    .replaceAll(/[\p{Cc}\p{Cf}]+/gu, " ")
    .slice(0, 300)
}
