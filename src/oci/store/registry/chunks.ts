import type { Descriptor } from "../../descriptor.ts"
import { refusal } from "./failures.ts"
import { tryAgain } from "./repeat.ts"
import { finishCall, sessionOf, type Session } from "./session.ts"
import type { Answer, Call, Transport } from "./transport.ts"
import type { Watched } from "./watched-source.ts"

/**
 * Sends a blob in chunks and ends the upload. Gives the last answer, or the first that is not a success.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-a-blob-in-chunks
 */
export async function sendInChunks(
  transport: Transport,
  {
    session,
    source,
    descriptor,
  }: { readonly session: Session; readonly source: Watched; readonly descriptor: Descriptor },
): Promise<Answer> {
  const { endpoint } = transport.context
  let current = session
  let at = 0
  for await (const chunk of chunksOf(source.open(), session.chunk)) {
    const call: Call = {
      method: "PATCH",
      url: current.url,
      scopes: session.scopes,
      doing: session.doing,
      headers: { "content-type": "application/octet-stream", "content-range": `${at}-${at + chunk.length - 1}` },
      body: chunk,
      once: true,
    }
    const answer = await transport.fetch(call, 1024 * 1024)
    if (answer.status < 200 || answer.status >= 300) return answer
    at += chunk.length
    const taken = /(?:^|=)0-(\d+)$/.exec(answer.headers["range"] ?? "")?.[1]
    if (taken !== undefined && Number(taken) > 0 && Number(taken) + 1 < at) {
      throw tryAgain(refusal(endpoint, `${session.doing}: it lost bytes`, { status: answer.status, errors: [] }))
    }
    current = { ...sessionOf(endpoint, answer, call), chunk: session.chunk }
  }
  const end = { ...finishCall(current, descriptor), headers: { "content-length": "0" } }
  return await transport.fetch(end, 1024 * 1024)
}

/** The same bytes in pieces of `size`, the last of which may be shorter. */
async function* chunksOf(bytes: AsyncIterable<Uint8Array>, size: number): AsyncIterable<Uint8Array> {
  let parts: Uint8Array[] = []
  let length = 0
  for await (let part of bytes) {
    while (length + part.length >= size) {
      const rest = size - length
      yield Buffer.concat([...parts, part.subarray(0, rest)])
      part = part.subarray(rest)
      parts = []
      length = 0
    }
    // A copy, since the piece is valid only until the next is asked for.
    if (part.length > 0) parts.push(Buffer.from(part))
    length += part.length
  }
  if (length > 0) yield Buffer.concat(parts)
}
