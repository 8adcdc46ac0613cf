import { createHash, type Hash } from "node:crypto"
import type { Digest, DigestAlgorithm } from "../../digest.ts"
import type { Files } from "../../../host/files.ts"
import type { Layout } from "../layout/layout.ts"

/** A blob that is on its way. Each piece is a file of its own, so that a broken request leaves the upload as it was. */
export type Session = {
  readonly id: string
  readonly repository: string
  readonly algorithm: DigestAlgorithm
  readonly pieces: string[]
  /** Bytes so far. */
  size: number
  hash: Hash
  /** True while a request adds to it: a second one at the same time is refused. */
  busy: boolean
  /** By the clock that never goes back, in milliseconds. */
  used: number
}

/** A new upload without bytes. */
export function makeSession(
  id: string,
  repository: string,
  options: { readonly algorithm: DigestAlgorithm; readonly used: number },
): Session {
  const { algorithm, used } = options
  return { id, repository, algorithm, pieces: [], size: 0, hash: createHash(algorithm), busy: false, used }
}

export type SessionHost = { readonly files: Files }

/** Adds a piece while it is hashed. If its bytes break off, an error is thrown and the session stays as it was. */
export async function addPiece(
  session: Session,
  body: AsyncIterable<Uint8Array>,
  { layout, files }: SessionHost & { readonly layout: Layout },
): Promise<void> {
  const hash = session.hash.copy()
  let size = 0
  const piece = layout.temporary()
  const hashed = async function* (): AsyncIterable<Uint8Array> {
    for await (const chunk of body) {
      hash.update(chunk)
      size += chunk.length
      yield chunk
    }
  }
  await files.write(piece, hashed())
  if (size === 0) return await files.remove(piece)
  session.pieces.push(piece)
  session.hash = hash
  session.size += size
}

/** Joins the pieces and takes the blob in; false, and nothing taken, if its digest is another one. */
export async function finishSession(
  session: Session,
  digest: Digest,
  { layout, files }: SessionHost & { readonly layout: Layout },
): Promise<boolean> {
  const isLike = digest.startsWith(`${session.algorithm}:`)
  const found = isLike
    ? `${session.algorithm}:${session.hash.copy().digest("hex")}`
    : await hashPieces(session, digest, files)
  if (found !== digest) return false
  const [first] = session.pieces
  if (session.pieces.length === 1 && first !== undefined) {
    session.pieces.length = 0
    await layout.keep(session.repository, digest, first)
    return true
  }
  const whole = layout.temporary()
  await files.write(whole, joined(session, files))
  await layout.keep(session.repository, digest, whole)
  return true
}

/** Removes what an upload has left. */
export async function dropSession(session: Session, files: Files): Promise<void> {
  await Promise.all(session.pieces.splice(0).map((piece) => files.remove(piece)))
}

async function hashPieces(session: Session, digest: Digest, files: Files): Promise<string> {
  const algorithm = digest.slice(0, digest.indexOf(":"))
  const hash = createHash(algorithm)
  for await (const chunk of joined(session, files)) hash.update(chunk)
  return `${algorithm}:${hash.digest("hex")}`
}

async function* joined(session: Session, files: Files): AsyncIterable<Uint8Array> {
  for (const piece of session.pieces) yield* files.stream(piece)
}
