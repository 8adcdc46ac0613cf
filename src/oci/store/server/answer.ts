import type { Headers, ServerResponse } from "../../../host/http.ts"

/** Error codes of the distribution specification, "Error Codes". */
export type ErrorCode =
  | "BLOB_UNKNOWN"
  | "BLOB_UPLOAD_INVALID"
  | "BLOB_UPLOAD_UNKNOWN"
  | "DIGEST_INVALID"
  | "MANIFEST_BLOB_UNKNOWN"
  | "MANIFEST_INVALID"
  | "MANIFEST_UNKNOWN"
  | "NAME_INVALID"
  | "NAME_UNKNOWN"
  | "SIZE_INVALID"
  | "DENIED"
  | "UNSUPPORTED"

/** An answer without a body. */
export function empty(status: number, headers: Headers = {}): ServerResponse {
  return { status, headers: { "content-length": "0", ...headers } }
}

/** A JSON answer. */
export function json(status: number, value: unknown, headers: Headers = {}): ServerResponse {
  const body = Buffer.from(JSON.stringify(value))
  return {
    status,
    headers: { "content-type": "application/json", "content-length": String(body.length), ...headers },
    body,
  }
}

/** An error in the specification's form. */
export function refusal(status: number, code: ErrorCode, message: string, headers: Headers = {}): ServerResponse {
  return json(status, { errors: [{ code, message }] }, headers)
}

/** True if a list of entity tags in `If-Match` or `If-None-Match` has this one, or is `*`. RFC 9110, 13.1. */
export function matchesTag(list: string, digest: string): boolean {
  if (list.trim() === "*") return true
  return list.split(",").some((tag) => tag.trim().replace(/^W\//, "").replaceAll('"', "") === digest)
}
