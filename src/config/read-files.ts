import type { Reader } from "./reader.ts"
import type { RowFile } from "./row.ts"
import type { WrittenFields } from "./schema/written.ts"

/** Files that a row copies in; the short form `from: to` written out. */
export function readFiles(written: NonNullable<WrittenFields["files"]>, reader: Reader): readonly RowFile[] {
  if (Array.isArray(written)) return written.map((one) => readFile(one, reader))
  const short = written as Readonly<Record<string, string>>
  return Object.keys(short).map((from) => ({
    from: reader.innerOf(from, reader.at(short, from)),
    to: reader.inImage(short, from),
    uid: 0,
    gid: 0,
    mode: undefined,
  }))
}

type Copied = {
  readonly from: string
  readonly to: string
  readonly owner?: string | undefined
  readonly mode?: string | undefined
}

function readFile(one: Copied, reader: Reader): RowFile {
  const [uid = "0", gid = "0"] = one.owner?.split(":") ?? []
  return {
    from: reader.inner(one, "from"),
    to: reader.inImage(one, "to"),
    uid: Number(uid),
    gid: Number(gid),
    mode: one.mode === undefined ? undefined : Number.parseInt(one.mode, 8),
  }
}
