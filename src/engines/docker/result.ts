import { Failure } from "../../failure.ts"
import type { Host } from "../../host/host.ts"
import type { Digest } from "../../oci/digest.ts"
import { selectPlatform } from "../../oci/select-platform.ts"
import type { Job } from "../engine.ts"
import { follow } from "../output.ts"
import type { DockerClient } from "./client.ts"

export type Pushed = {
  readonly job: Job
  readonly client: DockerClient
  /** `host:port/repository:tag`, in the daemon and where it goes. */
  readonly reference: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly onLine: (line: string) => void
}

/** Pushes an image of the daemon to the store and says which platform manifest it is there. Newer daemons push an index. */
export async function push(pushed: Pushed, host: Pick<Host, "start">): Promise<Digest> {
  const { job, client, reference, env, onLine } = pushed
  const { signal, platform, into } = job
  await using child = await host.start({ argv: [client.program, "push", reference], env, signal })
  const { code, tail } = await follow(child, onLine)
  signal.throwIfAborted()
  if (code !== 0)
    throw new Failure("cannot", `Docker could not push \`${job.image}\` to the local store`, {
      detail: tail.slice(-10).join("\n"),
      hint: "Docker has to reach 127.0.0.1 of this machine: `nbstacks doctor` says what it has",
    })
  const tag = reference.slice(reference.lastIndexOf(":") + 1)
  return await selectPlatform(into.store, { repository: into.repository, reference: tag }, platform)
}

/**
 * Takes the temporary tag away, in the daemon and in the store. What the daemon keeps is its own build cache. A store
 * that cannot drop tags keeps it: its content is reachable by digest as well, so nothing depends on it.
 */
export async function dropTag(
  { client, reference, env }: Pick<Pushed, "client" | "reference" | "env">,
  host: Pick<Host, "run" | "http">,
): Promise<void> {
  const slash = reference.indexOf("/")
  const colon = reference.lastIndexOf(":")
  const [address, repository, tag] = [
    reference.slice(0, slash),
    reference.slice(slash + 1, colon),
    reference.slice(colon + 1),
  ]
  await host
    .run({ argv: [client.program, "image", "rm", "--no-prune", reference], env, timeout: 60_000 })
    .catch(() => undefined)
  const answer = await host
    .http({ method: "DELETE", url: `http://${address}/v2/${repository}/manifests/${tag}`, timeout: 10_000 })
    .catch(() => undefined)
  if (answer !== undefined) for await (const _rest of answer.body);
}
