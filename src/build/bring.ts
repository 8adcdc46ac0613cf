import { copyManifest } from "../oci/copy.ts"
import type { Platform } from "../oci/platform.ts"
import type { Location } from "../oci/store/store.ts"
import type { Builder } from "./builder.ts"

/**
 * An image in a repository of the local store: where it is, or a copy. For a row it reports the bytes that come.
 */
export async function bring(
  builder: Pick<Builder, "local" | "report" | "signal">,
  from: Location,
  repository: string,
  row?: { readonly image: string; readonly platform: Platform },
): Promise<Location> {
  const store = builder.local.store
  const to = { store, repository, digest: from.digest }
  if ((await store.headManifest(repository, from.digest)) !== undefined) return to
  await copyManifest(
    from,
    { store, repository },
    {
      signal: builder.signal,
      ...(row === undefined
        ? {}
        : {
            progress: (done, total) =>
              builder.report({ kind: "progress", ...row, phase: "fetch", done, total, unit: "bytes" }),
          }),
    },
  )
  return to
}
