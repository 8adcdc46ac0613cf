import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, ServerResponse as NodeResponse } from "node:http"
import type { Agent } from "node:https"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import type { Headers, Http, Request, Serve, ServerResponse } from "../http.ts"

const patience = 60_000

/**
 * Not imported: an `import` of a module of Node evaluates everything that it exports, here WebSocket and with it
 * all of undici, which takes 40 ms of each start. TLS is loaded where it is needed.
 */
const http = process.getBuiltinModule("node:http")

/** Clients that keep connections, go through the proxy of the environment, and trust what the machine trusts. */
export function makeHttp(env: Readonly<Record<string, string | undefined>>): Http {
  const options = { keepAlive: true, maxSockets: 16, proxyEnv: env as NodeJS.ProcessEnv }
  const plain = new http.Agent(options)
  // A proxy cannot reach this machine's own servers, whatever NO_PROXY says.
  const loopback = new http.Agent({ keepAlive: true, maxSockets: 16 })
  const secure = new Map<string, Agent>()
  const secureAgent = (tls: Request["tls"]): Agent => {
    const key = `${tls?.verify !== false} ${tls?.ca ?? ""}`
    const known = secure.get(key)
    if (known !== undefined) return known
    const { getCACertificates } = process.getBuiltinModule("node:tls")
    const agent = new (process.getBuiltinModule("node:https").Agent)({
      ...options,
      rejectUnauthorized: tls?.verify !== false,
      ca: tls?.ca ?? [...new Set([...getCACertificates("default"), ...getCACertificates("system")])],
    })
    secure.set(key, agent)
    return agent
  }

  return (request) =>
    new Promise((resolve, reject) => {
      request.signal?.throwIfAborted()
      const url = new URL(request.url)
      const tls = url.protocol === "https:"
      const body = request.body
      const headers: Record<string, string> = { ...request.headers }
      if (body instanceof Uint8Array) headers["content-length"] ??= String(body.length)
      const { request: send } = tls ? process.getBuiltinModule("node:https") : http
      const sent = send(url, {
        method: request.method,
        headers,
        agent: tls ? secureAgent(request.tls) : isLoopback(url.hostname) ? loopback : plain,
        timeout: request.timeout ?? patience,
        ...(request.signal === undefined ? {} : { signal: request.signal }),
      })
      sent.on("timeout", () =>
        sent.destroy(
          Object.assign(new Error(`no answer from ${url.host} within ${(request.timeout ?? patience) / 1000} s`), {
            code: "ETIMEDOUT",
          }),
        ),
      )
      sent.on("error", reject)
      sent.on("response", (answer) =>
        resolve({ status: answer.statusCode ?? 0, headers: flat(answer.headers), body: answer }),
      )
      if (body === undefined) sent.end()
      else if (body instanceof Uint8Array) sent.end(body)
      else
        writeBody(body, sent).catch((error: unknown) => {
          sent.destroy()
          reject(error)
        })
    })
}

/** Each piece is with the system before the next is asked for: who gives them may use one buffer again and again. */
async function writeBody(body: AsyncIterable<Uint8Array>, sent: ClientRequest): Promise<void> {
  for await (const piece of body)
    await new Promise<void>((resolve, reject) =>
      sent.write(piece, (error) => (error === null || error === undefined ? resolve() : reject(error))),
    )
  sent.end()
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}

/** Serves on one address; disposing ends open connections too. */
export const serve: Serve = async (handler, { port, address = "127.0.0.1" }) => {
  const server = http.createServer((request, response) => {
    const gone = new AbortController()
    response.on("close", () => gone.abort())
    const answer = handler({
      method: request.method ?? "GET",
      target: request.url ?? "/",
      headers: flat(request.headers),
      body: request,
      signal: gone.signal,
    })
    answer
      .then((value) => reply(request, response, value))
      .catch(() => {
        if (response.headersSent) response.destroy()
        else response.writeHead(500).end()
      })
  })
  server.keepAliveTimeout = 30_000
  server.requestTimeout = 0
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, address, resolve)
  })
  const bound = server.address()
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

async function reply(request: IncomingMessage, response: NodeResponse, value: ServerResponse): Promise<void> {
  response.writeHead(value.status, { ...value.headers })
  if (value.body === undefined || request.method === "HEAD") response.end()
  else if (typeof value.body === "string" || value.body instanceof Uint8Array) response.end(value.body)
  else await pipeline(Readable.from(value.body), response)
  // What was not read of the request would block the next one on this connection.
  if (!request.complete) request.resume()
}

function flat(headers: IncomingHttpHeaders): Headers {
  const entries = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(", ") : value] as const],
  )
  return Object.fromEntries(entries)
}
