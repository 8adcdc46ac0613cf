import type { Host } from "../../host/host.ts"
import { tarEnd, tarHeader, tarPadding, type TarHeader } from "../../oci/tar/header.ts"
import { rewritten, type Addition } from "./additions.ts"
import { withConstantTime } from "./bytecode.ts"
import { rootEntries, whole } from "./survey.ts"
import { userFiles } from "./user.ts"

/** One layer's archive: the members of a root that belong to it, with constant times, then the additions that do. */
export async function* layerTar(
  tar: string,
  { additions, belongs }: { readonly additions: readonly Addition[]; readonly belongs: (header: TarHeader) => boolean },
  host: Pick<Host, "files">,
): AsyncIterable<Uint8Array> {
  for await (const { header, content } of rootEntries(tar, host)) {
    if (!belongs(header)) continue
    if (header.kind === "file" && (header.path in userFiles || header.path.endsWith(".pyc"))) {
      const bytes = await whole(content, header)
      const changed = header.path.endsWith(".pyc") ? withConstantTime(bytes) : rewritten(header.path, bytes)
      yield* member({ ...header, size: changed.length }, [changed])
    } else yield* member(header, content)
  }
  for (const { header, bytes } of additions) if (belongs(header)) yield* member(header, [bytes])
  yield tarEnd
}

async function* member(
  header: TarHeader,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  yield tarHeader(header)
  if (header.size === 0) return
  yield* content
  yield tarPadding(header.size)
}
