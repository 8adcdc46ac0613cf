import { Failure } from "../../../failure.ts"
import { isRepository } from "../../reference.ts"
import { isLoopback } from "./address.ts"

/** Where a registry is. */
export type Endpoint = {
  /** As people write it: `ghcr.io/example-hub`, without a scheme. */
  readonly name: string
  /** `host[:port]` as written; what `docker login` takes. */
  readonly host: string
  readonly hostname: string
  /** `https://host[:port]`. */
  readonly origin: string
  /** Before every repository, without slashes at its ends; may be empty. */
  readonly prefix: string
  /** True if it is spoken to without TLS. */
  readonly plain: boolean
}

/** Docker's public registry answers at another host than the one in its references. */
const hub = { names: ["docker.io", "index.docker.io"], host: "registry-1.docker.io" }

/**
 * Reads `host[:port][/prefix]`. A loopback host is spoken to without TLS, every other one with it, unless the name
 * begins with `http://` or `https://`, or `plainHttp` says otherwise. Fails with `cannot` when it is no such name.
 */
export function parseEndpoint(text: string, plainHttp?: boolean): Endpoint {
  const [, scheme, rest = ""] = /^(?:(https?):\/\/)?(.*)$/s.exec(text) ?? []
  const slash = rest.indexOf("/")
  const host = slash < 0 ? rest : rest.slice(0, slash)
  const prefix = slash < 0 ? "" : rest.slice(slash + 1).replace(/\/$/, "")
  const shape = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i
  if (!shape.test(host) || !URL.canParse(`https://${host}`)) {
    throw new Failure("cannot", `\`${text}\` is not the name of a registry`, {
      hint: "Write `host[:port]`, or `host[:port]/path`",
    })
  }
  if (prefix !== "" && !isRepository(prefix)) {
    throw new Failure("cannot", `\`${prefix}\` in \`${text}\` is not a legal repository path`, {
      hint: "Lower-case letters, digits and single separators (`.`, `_`, `-`), in parts joined by `/`",
    })
  }
  const hostname = new URL(`https://${host}`).hostname
  const plain = plainHttp ?? (scheme === undefined ? isLoopback(hostname) : scheme === "http")
  const address = hub.names.includes(host) ? hub.host : host
  const { origin } = new URL(`${plain ? "http" : "https"}://${address}`)
  return {
    name: prefix === "" ? host : `${host}/${prefix}`,
    host,
    hostname: new URL(origin).hostname,
    origin,
    prefix,
    plain,
  }
}
