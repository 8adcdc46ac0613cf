/**
 * Why a path inside an archive must not be used, or undefined when it may. Paths are relative, with `/`, without
 * empty, `.` or `..` parts, without drive letters, backslashes or control characters, in parts of at most 255 bytes,
 * none of which a layer would read as a deletion.
 */
export function badPath(path: string): string | undefined {
  if (path === "") return "is empty"
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(path)) return "has a control character in its name"
  if (path.includes("\\")) return "has a backslash in its name"
  if (path.startsWith("/")) return "has an absolute name"
  if (/^[A-Za-z]:/.test(path)) return "has a drive letter in its name"
  if (Buffer.byteLength(path) > 3_500) return "has a name of more than 3,500 bytes"
  for (const part of path.split("/")) {
    if (part === "..") return "leaves the folder it is installed in"
    if (part === "" || part === ".") return "has an empty part in its name"
    if (part.startsWith(".wh.")) return "has a name that layers read as a deletion"
    if (Buffer.byteLength(part) > 255) return "has a part of more than 255 bytes in its name"
  }
  return undefined
}

/**
 * Why another program could read another name than this one in a header, or undefined: without flag bit 11 a name is in
 * the characters of the first PCs, and an extra field may have a name of its own. APPNOTE 4.4.4, 4.6.9, appendix D.
 */
export function doubtfulName(
  path: string,
  { flags, extra }: { readonly flags: number; readonly extra: Buffer },
): string | undefined {
  if ((flags & 0x800) === 0 && /[^ -~]/.test(path)) return "has a name beyond ASCII without saying that it is UTF-8"
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 0x7075) continue
    const field = extra.subarray(at + 4, at + 4 + extra.readUInt16LE(at + 2))
    // A version and a CRC stand before it.
    if (!field.subarray(5).equals(Buffer.from(path))) return "has another name in an extra field"
  }
  return undefined
}

/** Two paths with one such text would be one file on a file system that ignores case or Unicode forms. */
export function foldedPath(path: string): string {
  return path.normalize("NFC").toLowerCase()
}

/** How two paths differ that have one folded text: the end of a sentence about both. */
export function differing(one: string, other: string): string {
  if (one.normalize("NFC") === other.normalize("NFC")) return "are one name in two Unicode forms"
  const isCase = one.toLowerCase() === other.toLowerCase()
  return isCase ? "differ in case only" : "differ in case and Unicode form only"
}
