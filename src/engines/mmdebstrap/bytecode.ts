import { constantTime } from "../../oci/tar/header.ts"

/**
 * Python bytecode whose source was dated `constantTime`: timestamp-checked files carry the time of their source,
 * which would not fit the constant one that it has in the image. Files that are checked by hash, or are none, stay
 * as they are. https://peps.python.org/pep-0552/
 */
export function withConstantTime(bytes: Buffer): Buffer {
  // Magic number, which ends in CR LF; flags; time of the source; its size.
  const isBytecode = bytes.length >= 16 && bytes.readUInt16LE(2) === 0x0a0d
  if (!isBytecode || bytes.readUInt32LE(4) !== 0) return bytes
  const copy = Buffer.from(bytes)
  copy.writeUInt32LE(constantTime, 8)
  return copy
}
