import { Failure } from "../../failure.ts"
import { readImage } from "../../oci/image.ts"
import { isZstd } from "../../oci/manifest.ts"
import type { Job } from "../engine.ts"
import type { DockerClient } from "./client.ts"
import { isAtLeast } from "./judge.ts"

/** Fails with `no` when a daemon cannot read the layers of what it builds on: Docker before 23 has no zstd. */
export async function requireReadable(
  { image, parent, rows }: Pick<Job, "image" | "parent" | "rows">,
  { serverVersion }: Pick<DockerClient, "serverVersion">,
): Promise<void> {
  if (isAtLeast(serverVersion, 23, 0)) return
  for (const location of [...(parent === undefined ? [] : [parent]), ...Object.values(rows)]) {
    const { layers } = await readImage(location.store, location.repository, location.digest)
    if (!layers.some(({ descriptor }) => isZstd(descriptor.mediaType))) continue
    throw new Failure(
      "no",
      `\`${image}\` is built on layers with \`compression: zstd\`, and Docker before 23 cannot read them (this is ${serverVersion})`,
      { hint: "Use a newer Docker, or write `compression: gzip` for the images that this one is built on" },
    )
  }
}
