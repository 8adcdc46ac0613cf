import type { Host } from "../../../host/host.ts"
import type { ServerRequest, ServerResponse } from "../../../host/http.ts"
import { isDigest, type Digest } from "../../digest.ts"
import { isRepository } from "../../reference.ts"
import type { Layout } from "../layout/layout.ts"
import { empty, refusal } from "./answer.ts"
import { methodRefused } from "./blobs.ts"
import { readContentRange } from "./ranges.ts"
import { addPiece, dropSession, finishSession, makeSession, type Session } from "./session.ts"

/** An upload that nobody has added to for so long is given up, in milliseconds. */
const patience = 60 * 60 * 1000
/** Uploads at once; the one that has waited longest gives way. */
const maximumSessions = 1000

/** Uploads of one server, with their state. */
export type Uploads = {
  /** `POST`: begins an upload, or takes a blob at once, or mounts one. */
  readonly begin: (
    request: ServerRequest,
    about: { repository: string; query: URLSearchParams },
  ) => Promise<ServerResponse>
  /** `PATCH`, `PUT`, `GET` and `DELETE` of an upload that was begun. */
  readonly proceed: (
    request: ServerRequest,
    about: { repository: string; id: string; query: URLSearchParams },
  ) => Promise<ServerResponse>
  /** Removes what is unfinished. */
  readonly end: () => Promise<void>
}

/** Uploads into a layout. */
export function makeUploads(layout: Layout, host: Pick<Host, "files" | "elapsed" | "random">): Uploads {
  const sessions = new Map<string, Session>()
  const tools = { layout, files: host.files }

  const drop = async (session: Session): Promise<void> => {
    sessions.delete(session.id)
    await dropSession(session, host.files)
  }
  const expire = async (): Promise<void> => {
    const idle = [...sessions.values()].filter(({ busy }) => !busy).sort((a, b) => a.used - b.used)
    const old = idle.filter(({ used }, at) => host.elapsed() - used > patience || sessions.size - at > maximumSessions)
    await Promise.all(old.map(drop))
  }
  const add = async (session: Session, request: ServerRequest): Promise<void> => {
    session.busy = true
    try {
      await addPiece(session, request.body, tools)
    } finally {
      session.busy = false
      session.used = host.elapsed()
    }
  }
  const finish = async (session: Session, digest: Digest): Promise<ServerResponse> => {
    try {
      if (await finishSession(session, digest, tools)) return created(session.repository, digest)
      return refusal(400, "DIGEST_INVALID", `The bytes do not have the digest ${digest}`)
    } finally {
      await drop(session)
    }
  }

  return {
    async begin(request, { repository, query }) {
      if (request.method !== "POST") return methodRefused("POST")
      await expire()
      const mount = query.get("mount")
      const from = query.get("from") ?? undefined
      if (mount !== null) {
        if (!isDigest(mount)) return refusal(400, "DIGEST_INVALID", `${mount} is no digest`)
        if (from !== undefined && !isRepository(from)) return refusal(400, "NAME_INVALID", `${from} is no repository`)
        if (await layout.mount(repository, mount, from)) return created(repository, mount)
      }
      const [digest, named] = [query.get("digest"), query.get("digest-algorithm")]
      if (digest !== null && !isDigest(digest)) return refusal(400, "DIGEST_INVALID", `${digest} is no digest`)
      if (named !== null && named !== "sha256" && named !== "sha512")
        return refusal(400, "DIGEST_INVALID", `${named} is no algorithm that is known here`)
      const algorithm = digest?.startsWith("sha512:") === true || named === "sha512" ? "sha512" : "sha256"
      const session = makeSession(host.random(16), repository, { algorithm, used: host.elapsed() })
      sessions.set(session.id, session)
      if (digest === null) return progress(202, session)
      const wrong = await addWhole(request, session, add)
      if (wrong === undefined) return await finish(session, digest)
      await drop(session)
      return wrong
    },
    async proceed(request, { repository, id, query }) {
      const session = sessions.get(id)
      if (session?.repository !== repository) return refusal(404, "BLOB_UPLOAD_UNKNOWN", `There is no upload ${id}`)
      session.used = host.elapsed()
      if (request.method === "GET" || request.method === "HEAD") return progress(204, session)
      if (request.method !== "PATCH" && request.method !== "PUT" && request.method !== "DELETE")
        return methodRefused("GET, PATCH, PUT, DELETE")
      if (session.busy) return outOfOrder(session, "Another request adds to this upload")
      if (request.method === "DELETE") {
        await drop(session)
        return empty(204)
      }
      const digest = query.get("digest")
      if (request.method === "PUT" && (digest === null || !isDigest(digest))) {
        await drop(session)
        return refusal(400, "DIGEST_INVALID", `${digest ?? "Nothing"} is no digest`)
      }
      const wrong = rangeProblem(request, session)
      if (wrong !== undefined) return wrong
      const short = await addWhole(request, session, add)
      if (short !== undefined) return short
      return digest !== null && isDigest(digest) && request.method === "PUT"
        ? await finish(session, digest)
        : progress(202, session)
    },
    async end() {
      await Promise.all([...sessions.values()].map(drop))
    },
  }
}

/** Adds a request's body; the refusal if it broke off, in which case nobody may be there to read it. */
async function addWhole(
  request: ServerRequest,
  session: Session,
  add: (session: Session, request: ServerRequest) => Promise<void>,
): Promise<ServerResponse | undefined> {
  try {
    await add(session, request)
    return undefined
  } catch (error) {
    if (!request.signal.aborted && !isBrokenOff(error)) throw error
    return refusal(400, "SIZE_INVALID", "The request ended before its body did")
  }
}

function isBrokenOff(error: unknown): boolean {
  return (
    error instanceof Error &&
    "code" in error &&
    (error.code === "ECONNRESET" || error.code === "ERR_STREAM_PREMATURE_CLOSE")
  )
}

/** A chunk has to begin where the last one ended, and to be as long as it says. */
function rangeProblem(request: ServerRequest, session: Session): ServerResponse | undefined {
  const header = request.headers["content-range"]
  if (header === undefined) return undefined
  const range = readContentRange(header)
  if (range === undefined) return refusal(400, "BLOB_UPLOAD_INVALID", `${header} is no range of bytes`)
  const [first, last] = range
  const length = request.headers["content-length"]
  if (first !== session.size) return outOfOrder(session, `The next byte is ${session.size}, not ${first}`)
  if (length !== undefined && Number(length) !== last - first + 1)
    return refusal(400, "SIZE_INVALID", `The range has ${last - first + 1} bytes, the body ${length}`)
  return undefined
}

function outOfOrder(session: Session, message: string): ServerResponse {
  return refusal(416, "BLOB_UPLOAD_INVALID", message, { location: placeOf(session), range: rangeOf(session) })
}

function progress(status: number, session: Session): ServerResponse {
  return empty(status, { location: placeOf(session), range: rangeOf(session), "docker-upload-uuid": session.id })
}

function created(repository: string, digest: Digest): ServerResponse {
  return empty(201, { location: `/v2/${repository}/blobs/${digest}`, "docker-content-digest": digest })
}

function placeOf(session: Session): string {
  return `/v2/${session.repository}/blobs/uploads/${session.id}`
}

/** `0-LAST`; `0-0` also stands for an upload without bytes, as registries have it. */
function rangeOf(session: Session): string {
  return `0-${Math.max(0, session.size - 1)}`
}
