import { Failure } from "../../failure.ts"
import { pinnedReference, withParent } from "../../dockerfile/with-parent.ts"
import type { DockerfileStep } from "../../tree/step.ts"
import type { Job } from "../engine.ts"
import type { DockerClient } from "./client.ts"
import { isAtLeast } from "./judge.ts"

/** Dockerfiles are no larger than this, in bytes. */
const maximumSize = 4 * 1024 * 1024

/** How a manifest of the store is named for the daemon. */
function servedReference(address: string, repository: string, digest: string): string {
  return `${address}/${repository}@${digest}`
}

/** The Dockerfile that the daemon gets, and whether it checks what `ADD` downloads. */
export type Prepared = { readonly text: string; readonly checksDownloads: boolean }

/**
 * The Dockerfile of a step for the daemon: its base is the parent in the store that is served, other rows are there
 * too, other images are pinned. `ADD --checksum` came with Docker Engine 25.
 */
export async function prepareDockerfile(
  step: DockerfileStep,
  { job, address, client }: { readonly job: Job; readonly address: string; readonly client: DockerClient },
): Promise<Prepared> {
  const { parent } = job
  const externals: Record<string, string> = {}
  for (const [key, digest] of Object.entries(step.external)) {
    // A key ends in ` on PLATFORM` where the image is for another platform than the target.
    const reference = key.split(" on ")[0] ?? key
    externals[key] = pinnedReference(reference, digest)
  }
  for (const [written, location] of Object.entries(job.rows))
    externals[written] = servedReference(address, location.repository, location.digest)
  const checksDownloads = isAtLeast(client.serverVersion, 25, 0)
  const base = parent === undefined ? "scratch" : servedReference(address, parent.repository, parent.digest)
  const text = withParent(await read(step.dockerfile, job), base, {
    args: step.args,
    target: step.target,
    platform: job.platform,
    externals,
    refresh: step.refresh,
    ...(checksDownloads ? { checksums: step.urls } : {}),
  })
  return { text, checksDownloads }
}

async function read(sha256: string, job: Job): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of job.open(sha256)) {
    size += chunk.length
    if (size > maximumSize)
      throw new Failure("cannot", `The Dockerfile of \`${job.image}\` has more than 4 MiB`, {
        hint: "Move what is long in it to files that it copies",
      })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString("utf8")
}
