import { Failure } from "../../failure.ts"
import type { Platform } from "../../oci/platform.ts"

type Reason = { readonly sign: RegExp; readonly hint: string }

/** What people most often run into, told from the last lines. The first that fits counts. */
const reasons: readonly Reason[] = [
  {
    sign: /CERTIFICATE_VERIFY_FAILED|certificate verify failed|self[- ]signed certificate|unable to get local issuer certificate|certificate signed by unknown authority/i,
    hint: "Behind a proxy that re-signs TLS give the `RUN` this machine's certificates: `RUN --mount=type=secret,id=ca_bundle,target=/run/ca.pem PIP_CERT=/run/ca.pem SSL_CERT_FILE=/run/ca.pem …`",
  },
  {
    // What BuildKit says of an `ADD --checksum`, which is how locked downloads are asked for.
    sign: /digest mismatch sha256:/i,
    hint: "A download is not what is locked: run `nbstacks lock --upgrade`, and look at what it moved",
  },
  {
    sign: /no space left on device/i,
    hint: "Make room: `docker builder prune` drops what Docker keeps of old builds",
  },
  {
    sign: /temporary failure (?:in name resolution|resolving)|could not resolve host|failed to establish a new connection/i,
    hint: "If a proxy or name server of this machine listens on loopback, set `NBSTACKS_DOCKER_NETWORK=host`",
  },
]

/** Lines that say nothing to people: the digests of BuildKit's steps. */
export function isNoise(line: string): boolean {
  return /^#\d+ sha256:[0-9a-f]{64}$/.test(line)
}

/** The failure of a build, with its last lines. `name` is the row. */
export function buildFailure(name: string, platform: Platform, tail: readonly string[]): Failure {
  const detail = tail.slice(-25).join("\n")
  if (tail.some((line) => /cannot connect to the docker daemon|error during connect/i.test(line)))
    return new Failure("cannot", `Cannot build \`${name}\`: the Docker daemon went away`, {
      detail,
      hint: "Start it again, then run the command again: what was built is kept",
    })
  const reason = reasons.find(({ sign }) => tail.some((line) => sign.test(line)))
  return new Failure("no", `Docker could not build \`${name}\` for ${platform}`, {
    detail,
    ...(reason === undefined ? {} : { hint: reason.hint }),
  })
}
