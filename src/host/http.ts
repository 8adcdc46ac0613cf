/** Header names in lower case. */
export type Headers = Readonly<Record<string, string>>

export type Request = {
  readonly method: string
  readonly url: string
  readonly headers?: Headers
  /**
   * A stream needs a `content-length` header, or it is sent in chunks. A piece is done with before the next is asked
   * for, so that its buffer may be used again.
   */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>
  readonly signal?: AbortSignal
  /** Milliseconds without a byte in either direction until the request fails; 60,000 unless told. */
  readonly timeout?: number
  /** Other trust than the machine's: certificates in PEM form instead of its own, or no verification at all. */
  readonly tls?: { readonly ca?: string; readonly verify?: boolean }
}

export type Response = {
  readonly status: number
  readonly headers: Headers
  /** Has to be read to its end, or the connection is not used again. */
  readonly body: AsyncIterable<Uint8Array>
}

/** One request, without following redirects. Rejects only when there is no answer. */
export type Http = (request: Request) => Promise<Response>

export type ServerRequest = {
  readonly method: string
  /** The path and query as sent. */
  readonly target: string
  readonly headers: Headers
  readonly body: AsyncIterable<Uint8Array>
  readonly signal: AbortSignal
}

export type ServerResponse = {
  readonly status: number
  readonly headers?: Headers
  readonly body?: Uint8Array | string | AsyncIterable<Uint8Array>
}

export type Handler = (request: ServerRequest) => Promise<ServerResponse>

export type Server = AsyncDisposable & { readonly port: number }

/** Serves HTTP on an address, 127.0.0.1 unless told. Port 0 takes a free one; a port in use rejects with `EADDRINUSE`. */
export type Serve = (handler: Handler, options: { readonly port: number; readonly address?: string }) => Promise<Server>
