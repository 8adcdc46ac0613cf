import { isFailure } from "../../../failure.ts"
import type { Descriptor } from "../../descriptor.ts"
import type { Mount, Source } from "../store.ts"
import { hasBlob } from "./blobs.ts"
import { sendInChunks } from "./chunks.ts"
import { finishCall, sessionOf, type Session } from "./session.ts"
import { named, repositoryAt } from "./places.ts"
import { repeat, tryAgain } from "./repeat.ts"
import { pullScope, pushScope, type Scope } from "./scope.ts"
import { watch, type Watched } from "./watched-source.ts"
import type { Answer, Call, Transport } from "./transport.ts"

/** What is uploaded, and where to. */
export type Upload = {
  readonly repository: string
  readonly descriptor: Descriptor
  readonly from: Source
  readonly mount?: Mount | undefined
}

/** What a registry taught us about itself. */
export type Manners = { chunksOnly: boolean }

/** Statuses by which a registry, or a proxy before it, refuses a blob in one piece but may take it in many. */
const wantsChunks: ReadonlySet<number> = new Set([405, 411, 413, 416, 501])
/** Bytes of an answer to a part of an upload. */
const answerLimit = 1024 * 1024
/** Broken uploads in one piece after which pieces are tried: some proxies cut what takes long. */
const patienceWithWhole = 2

/**
 * Puts a blob unless it is there: asks for it, has it mounted from another repository (before that, where the other
 * one surely has it), sends it in one piece, or in many where a registry wants that. What fails on its way begins
 * again from the start of its source.
 */
export async function putBlob(transport: Transport, manners: Manners, upload: Upload): Promise<void> {
  const { endpoint, signal } = transport.context
  const whole = repositoryAt(endpoint, upload.repository)
  const name = named(endpoint, whole, upload.descriptor.digest)
  const scopes = [pushScope(whole)]
  let mount = upload.mount?.from === upload.repository ? undefined : upload.mount
  let unauthorised = 0
  let sent = 0

  using _place = await transport.uploads.acquire(signal)
  await repeat(transport.context, { doing: `push ${name}` }, async () => {
    const held = mount?.held === true
    const isThere = (): Promise<boolean> =>
      hasBlob(transport, upload.repository, { digest: upload.descriptor.digest, scopes })
    if (!held && (await isThere())) return
    const session = await begin(transport, { ...upload, mount })
    mount = undefined
    if (session === "mounted") return
    if (held && (await isThere())) return
    const source = watch(upload.from, { descriptor: upload.descriptor, name })
    try {
      const inChunks = manners.chunksOnly || sent++ >= patienceWithWhole
      const answer = await sendBlob(transport, { session, source, inChunks, manners, upload })
      if (answer.status >= 200 && answer.status < 300) return
      const failure = await transport.refused(finishCall(session, upload.descriptor), answer)
      // A token that ran out on the way, or a session that the registry lost.
      const again = answer.status === 401 ? ++unauthorised < 2 : answer.status === 404 || answer.status === 416
      throw again ? tryAgain(failure, answer.headers) : failure
    } catch (error) {
      if (source.failed !== undefined) throw source.failed.error
      throw error
    }
  })
}

/** Asks for a session, or for a mount, which a registry may answer with a session. */
async function begin(transport: Transport, upload: Upload): Promise<Session | "mounted"> {
  const { endpoint } = transport.context
  const whole = repositoryAt(endpoint, upload.repository)
  const { digest } = upload.descriptor
  const call = (query: string, scopes: readonly Scope[]): Call => ({
    method: "POST",
    url: `/v2/${whole}/blobs/uploads/${query}`,
    scopes,
    doing: `push to ${endpoint.host}/${whole}`,
    headers: { "content-length": "0" },
    once: true,
  })
  if (upload.mount !== undefined) {
    const other = repositoryAt(endpoint, upload.mount.from)
    const query = `?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(other)}`
    const asked = call(query, [pushScope(whole), pullScope(other)])
    const answer = await transport.fetch(asked, answerLimit).catch(unlessCredentials)
    if (answer?.status === 201) return "mounted"
    if (answer?.status === 202) return sessionOf(transport.context.endpoint, answer, asked)
    // A registry that knows no mounts, or lets us not read there: upload instead.
  }
  const asked = call("", [pushScope(whole)])
  const answer = await transport.fetch(asked, answerLimit)
  if (answer.status === 202) return sessionOf(transport.context.endpoint, answer, asked)
  throw await transport.refused(asked, answer)
}

/** Some token servers give nothing at all when a part of what is asked is not allowed: that is no mount, and no more. */
function unlessCredentials(error: unknown): undefined {
  if (!isFailure(error) || error.code !== "credentials") throw error
}

type Sending = {
  readonly session: Session
  readonly source: Watched
  readonly inChunks: boolean
  readonly manners: Manners
  readonly upload: Upload
}

async function sendBlob(transport: Transport, sending: Sending): Promise<Answer> {
  const { session, source, inChunks, manners, upload } = sending
  const { descriptor } = upload
  if (inChunks) return await sendInChunks(transport, { session, source, descriptor })
  const answer = await transport.fetch(
    {
      ...finishCall(session, descriptor),
      headers: { "content-type": "application/octet-stream", "content-length": String(descriptor.size) },
      body: descriptor.size === 0 ? new Uint8Array() : source.open,
    },
    answerLimit,
  )
  if (!wantsChunks.has(answer.status) || descriptor.size === 0) return answer
  const fresh = await begin(transport, { ...upload, mount: undefined })
  if (fresh === "mounted") return answer
  const second = await sendInChunks(transport, { session: fresh, source, descriptor })
  // Only a registry that takes chunks where it refused the whole is asked so from the beginning next time.
  if (second.status < 300) manners.chunksOnly = true
  return second
}
