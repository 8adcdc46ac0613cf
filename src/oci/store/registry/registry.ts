import type { Request } from "../../../host/http.ts"
import type { Store } from "../store.ts"
import { makeAuthority } from "./authority.ts"
import { hasBlob, readBlob } from "./blobs.ts"
import type { RegistryHost } from "./context.ts"
import { countingHttp } from "./counting.ts"
import type { Credentials } from "./credentials/credentials.ts"
import { parseEndpoint } from "./endpoint.ts"
import { getManifest, headManifest, putManifest } from "./manifests.ts"
import type { Preconditions } from "./preconditions.ts"
import { attachManifests, listReferrers, type ReferrersApi } from "./referrers.ts"
import { putTag } from "./tagging.ts"
import { listTags } from "./tags.ts"
import { makeTransport } from "./transport.ts"
import { makeTurns } from "./turns.ts"
import { makeWritten } from "./written.ts"
import { putBlob, type Manners } from "./uploads.ts"

export type RegistryOptions = {
  /** Instead of the login that the Docker credential store has. */
  readonly credentials?: Credentials
  /** Without TLS; true for a loopback host unless told. */
  readonly plainHttp?: boolean
  /** Ends what is under way, and its waiting, with the signal's reason. */
  readonly signal?: AbortSignal
  /** Told of every request before it is sent, those for tokens too. */
  readonly requests?: (request: Pick<Request, "method" | "url">) => void
}

/**
 * A remote registry: `host[:port][/path]`, the path being put before every repository. Nothing is sent yet. Open one
 * for a registry and share it: logins, tokens, and what was learned about the registry are kept in it, and it bounds
 * how much happens at a time. Fails with `cannot` when the name cannot be read.
 */
export function openRegistry(name: string, host: RegistryHost, options: RegistryOptions = {}): Store {
  const endpoint = parseEndpoint(name, options.plainHttp)
  const http = options.requests === undefined ? host.http : countingHttp(host.http, options.requests)
  const context = { endpoint, host: { ...host, http }, signal: options.signal }
  const transport = makeTransport(context, makeAuthority(context, options.credentials))
  const preconditions: Preconditions = { ifMatch: undefined, ifNoneMatch: undefined }
  const turns = makeTurns()
  const api: ReferrersApi = { present: undefined, faithful: undefined }
  const written = makeWritten()
  const manners: Manners = { chunksOnly: false }

  return {
    name: endpoint.name,
    has: (repository, digest) => hasBlob(transport, repository, { digest }),
    read: (repository, digest, range) => readBlob(transport, repository, { digest, range }),
    // Rows that share a layer send it once: who comes second finds it there.
    writeBlob: (repository, descriptor, from, mount) =>
      turns(`blob ${repository} ${descriptor.digest}`, () =>
        putBlob(transport, manners, { repository, descriptor, from, mount }),
      ),
    readManifest: async (repository, reference) => (await getManifest(transport, repository, reference))?.manifest,
    headManifest: async (repository, reference) => (await headManifest(transport, repository, reference))?.descriptor,
    async writeManifest(repository, bytes, mediaType) {
      const { digest } = await putManifest(transport, repository, { bytes, mediaType })
      written.keep(repository, { descriptor: { mediaType, digest, size: bytes.length }, bytes })
      return digest
    },
    tag: (repository, tag, to, expect) =>
      turns(`tag ${repository} ${tag}`, () =>
        putTag(transport, preconditions, { repository, tag, to, expect, known: written.find(repository, to) }),
      ),
    async *tags(repository, after) {
      yield* await listTags(transport, repository, after)
    },
    referrers: (repository, subject) => listReferrers(transport, api, { repository, subject }),
    attach: (repository, subject, manifests) =>
      turns(`referrers ${repository} ${subject}`, () =>
        attachManifests(transport, api, { repository, subject, manifests }),
      ),
  }
}
