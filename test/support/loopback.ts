import { join } from "node:path"
import { expect } from "vitest"
import type { Headers } from "../../src/host/http.ts"
import { makeHost } from "../../src/host/node/host.ts"
import { digestOf, type Digest } from "../../src/oci/digest.ts"
import { mediaTypes } from "../../src/oci/media-types.ts"
import { openLayout, type Layout } from "../../src/oci/store/layout/layout.ts"
import { serveStore } from "../../src/oci/store/server/serve.ts"

const host = makeHost(process.env)

/** An answer, read to its end. */
export type Answer = { readonly status: number; readonly headers: Headers; readonly text: string }

/** The local store, served over real HTTP. */
export type Loopback = AsyncDisposable & {
  readonly layout: Layout
  readonly port: number
  readonly folder: string
  readonly ask: (
    method: string,
    path: string,
    more?: { headers?: Headers; body?: string | Uint8Array },
  ) => Promise<Answer>
}

/** A new registry on a free port; disposing it removes what it holds. */
export async function startLoopback(): Promise<Loopback> {
  const folder = await host.files.makeTemporary("nbstacks-server-")
  const layout = openLayout(join(folder, "store"), host)
  const server = await serveStore(layout, host, { port: 0 })
  return {
    layout,
    port: server.port,
    folder,
    async ask(method, path, { headers = {}, body } = {}) {
      const answer = await host.http({
        method,
        url: new URL(path, `http://${server.address}`).href,
        headers,
        ...(body === undefined ? {} : { body: Buffer.from(body) }),
      })
      const bytes = Buffer.concat(await Array.fromAsync(answer.body))
      return { status: answer.status, headers: answer.headers, text: bytes.toString() }
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await host.files.remove(folder)
    },
  }
}

/** The first error code of an answer. */
export const codeOf = ({ text }: Answer): string =>
  (JSON.parse(text) as { errors: { code: string }[] }).errors[0]?.code ?? ""

/** Pushes a blob in one request. */
export async function pushBlob({ ask }: Loopback, repository: string, content: string): Promise<Digest> {
  const digest = digestOf(content)
  expect((await ask("POST", `/v2/${repository}/blobs/uploads/?digest=${digest}`, { body: content })).status).toBe(201)
  return digest
}

type Fields = { text?: string; subject?: Digest; artifactType?: string; annotations?: Record<string, string> }

/** A manifest whose configuration is in the repository. */
export async function manifestOf(
  loopback: Loopback,
  repository: string,
  { text = "{}", subject, ...more }: Fields = {},
): Promise<string> {
  const config = {
    mediaType: "application/x.config",
    digest: await pushBlob(loopback, repository, text),
    size: text.length,
  }
  const to = subject && { mediaType: mediaTypes.ociManifest, digest: subject, size: 2 }
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config,
    layers: [],
    ...(to && { subject: to }),
    ...more,
  })
}

/** The header that says what a manifest is. */
export const type: Headers = { "content-type": mediaTypes.ociManifest }
