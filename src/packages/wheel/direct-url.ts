/** Where a wheel came from when a lock names it by its URL, and the hash that it was found to have. */
export type Origin = {
  /** Without a login, a query or a fragment, in ASCII. */
  readonly url: string
  /** Hexadecimal. */
  readonly sha256: string
}

/** The origin of a file; undefined for one that was looked for on an index. */
export function originOf({
  url,
  sha256,
}: {
  readonly url?: string | undefined
  readonly sha256: string
}): Origin | undefined {
  return url === undefined ? undefined : { url, sha256 }
}

/**
 * The `direct_url.json` of a wheel, byte for byte as pip writes it: Python's JSON with sorted keys, and the hash in its
 * old form too. https://packaging.python.org/en/latest/specifications/direct-url-data-structure/
 */
export function directUrl({ url, sha256 }: Origin): Buffer {
  const hash = JSON.stringify(`sha256=${sha256}`)
  const hashes = `{"sha256": ${JSON.stringify(sha256)}}`
  return Buffer.from(`{"archive_info": {"hash": ${hash}, "hashes": ${hashes}}, "url": ${JSON.stringify(url)}}`)
}
