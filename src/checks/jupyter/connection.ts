import { ServerConnection } from "@jupyterlab/services"
import { WebSocket } from "ws"
import type { Host } from "../../host/host.ts"

export type JupyterHost = Pick<Host, "http" | "elapsed" | "sleep" | "random">

/** A Jupyter server that answers. */
export type Connection = {
  /** Such as `http://127.0.0.1:8888/`. */
  readonly baseUrl: string
  readonly token: string
  readonly settings: ServerConnection.ISettings
}

/** Bytes of one message of a kernel; a larger one ends the connection. */
const largestMessage = 256 * 1024 * 1024
const patience = 60_000

/** How `@jupyterlab/services` reaches a server: through the host's HTTP, and a WebSocket that survives bad messages. */
export function connectionTo(
  host: Pick<Host, "http">,
  { port, token, signal }: { readonly port: number; readonly token: string; readonly signal: AbortSignal },
): Connection {
  const baseUrl = `http://127.0.0.1:${port}/`
  const settings = ServerConnection.makeSettings({
    baseUrl,
    wsUrl: `ws://127.0.0.1:${port}/`,
    token,
    appendToken: true,
    fetch: fetchThrough(host, signal),
    WebSocket: KernelSocket as unknown as typeof globalThis.WebSocket,
  })
  return { baseUrl, token, settings }
}

/** A kernel that sends something that is no message must not end this process: its connection is closed instead. */
class KernelSocket extends WebSocket {
  constructor(url: string, protocols: string[]) {
    super(url, protocols, { maxPayload: largestMessage, handshakeTimeout: patience, perMessageDeflate: false })
    let handler: WebSocket["onmessage"] = null
    Object.defineProperty(this, "onmessage", {
      get: () => handler,
      set: (value: WebSocket["onmessage"]) => {
        handler = value
      },
    })
    this.addEventListener("message", (event) => {
      try {
        handler?.(event)
      } catch {
        this.terminate()
      }
    })
  }
}

function fetchThrough(host: Pick<Host, "http">, signal: AbortSignal): ServerConnection.ISettings["fetch"] {
  return async (input, init) => {
    const request = new Request(input, init)
    const body = request.body === null ? undefined : new Uint8Array(await request.arrayBuffer())
    const answer = await host
      .http({
        method: request.method,
        url: request.url,
        headers: Object.fromEntries(request.headers),
        ...(body === undefined ? {} : { body }),
        signal,
        timeout: patience,
      })
      .catch((error: unknown) => {
        signal.throwIfAborted()
        throw new TypeError(error instanceof Error ? error.message : "no answer", { cause: error })
      })
    const chunks: Uint8Array[] = []
    for await (const chunk of answer.body) chunks.push(chunk)
    const empty = answer.status === 204 || answer.status === 205 || answer.status === 304
    return new Response(empty ? null : Buffer.concat(chunks), { status: answer.status, headers: answer.headers })
  }
}
