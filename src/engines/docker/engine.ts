import { join } from "node:path"
import { Failure } from "../../failure.ts"
import type { Host } from "../../host/host.ts"
import type { Digest } from "../../oci/digest.ts"
import type { Platform } from "../../oci/platform.ts"
import type { DockerfileStep } from "../../tree/step.ts"
import type { Engine, Job, Refusal } from "../engine.ts"
import { follow } from "../output.ts"
import { makeWorkFolder } from "../work-folder.ts"
import { buildArguments, proxyNames } from "./arguments.ts"
import { findClient, type DockerClient } from "./client.ts"
import { layContext } from "./context.ts"
import { prepareDockerfile } from "./dockerfile.ts"
import { requireLockedUrls } from "./downloads.ts"
import { buildFailure, isNoise } from "./failures.ts"
import { requireReadable } from "./readable.ts"
import { dropTag, push } from "./result.ts"
import { certificatesId, writeSecrets } from "./secrets.ts"

export type DockerHost = Pick<Host, "files" | "run" | "start" | "http" | "env" | "machine" | "random">

/** The variable that says which network `RUN` has: `host`, `none`, or `default`, which is the daemon's own. */
const networkVariable = "NBSTACKS_DOCKER_NETWORK"

/**
 * Executes Dockerfiles with the Docker Engine of this machine, 20.10 or later, and its BuildKit. It takes the parent
 * from the store on loopback by digest and pushes the result there; the caller grafts it onto the parent's layers.
 */
export function dockerEngine(host: DockerHost): Engine {
  let found: Promise<DockerClient | Refusal> | undefined
  const client = async (): Promise<DockerClient | Refusal> => {
    const answer = await (found ??= findClient(host))
    // A daemon that was not there may be started while we run.
    if ("no" in answer) found = undefined
    return answer
  }
  return {
    name: "docker",
    exchange: "registry",
    async can(step, platform) {
      if (step.kind !== "dockerfile")
        return { no: `Docker executes Dockerfiles, no \`${step.kind}\``, hint: "Another engine has to do this" }
      const answer = await client()
      return "no" in answer ? answer : ((await refusePlatform(platform, answer, host)) ?? true)
    },
    async execute(step, job) {
      if (step.kind !== "dockerfile") throw new Error(`Docker was given a ${step.kind}`)
      const answer = await client()
      if ("no" in answer)
        throw new Failure("cannot", `Cannot build \`${job.image}\`: ${answer.no}`, { hint: answer.hint })
      await requireReadable(job, answer)
      const folder = await makeWorkFolder("docker", host)
      try {
        return await build(step, { job, client: answer, folder, host })
      } finally {
        await host.files.remove(folder)
      }
    },
  }
}

/** Why a daemon cannot run programs of a platform, or undefined if it can. */
async function refusePlatform(
  platform: Platform,
  { architecture }: DockerClient,
  host: Pick<Host, "files">,
): Promise<Refusal | undefined> {
  const [os = "", wanted = ""] = platform.split("/")
  if (os === "linux" && wanted === architecture) return undefined
  const qemu: Readonly<Record<string, string>> = { amd64: "x86_64", arm64: "aarch64", "386": "i386" }
  const emulator = `/proc/sys/fs/binfmt_misc/qemu-${qemu[wanted] ?? wanted}`
  if (os === "linux" && (await host.files.stat(emulator)) !== undefined) return undefined
  return {
    no: `Docker on this machine builds linux/${architecture}, not ${platform}`,
    hint: "Install qemu: `apt-get install qemu-user-static binfmt-support`, or build on such a machine",
  }
}

type Building = {
  readonly job: Job
  readonly client: DockerClient
  readonly folder: string
  readonly host: DockerHost
}

async function build(step: DockerfileStep, { job, client, folder, host }: Building): Promise<Digest> {
  const { image, platform, signal, address, into } = job
  if (address === undefined) throw new Error("the store has to be served while Docker builds")
  const env = { ...host.env, DOCKER_BUILDKIT: "1", BUILDX_NO_DEFAULT_ATTESTATIONS: "1" }
  const { text, checksDownloads } = await prepareDockerfile(step, { job, address, client })
  if (!checksDownloads) await requireLockedUrls(step.urls, host, signal)
  const wantsCertificates = new RegExp(`\\b${certificatesId}\\b`).test(text)
  await using secrets = await writeSecrets({ ids: step.secrets, read: job.secret, wantsCertificates }, host)
  const dockerfile = join(folder, "Dockerfile")
  await host.files.write(dockerfile, text)
  // The context has what the rules of the tree's own .dockerignore left; one inside it must not count again.
  await host.files.write(`${dockerfile}.dockerignore`, "# The context is as it should be.\n")
  const context = join(folder, "context")
  await host.files.makeDirectory(context)
  await layContext({ folder: context, entries: step.context, open: job.open, signal }, host)
  const onLine = (line: string): void => {
    if (!isNoise(line)) job.report({ kind: "output", image, platform, phase: "build", line: secrets.hide(line) })
  }
  const reference = `${address}/${into.repository}:nbstacks-${host.random(8)}`
  const argv = buildArguments({
    client,
    platform,
    dockerfile,
    context,
    args: step.args,
    passed: proxyNames(host.env).filter((name) => !(name in step.args)),
    target: step.target,
    secrets: secrets.files,
    network: networkOf(host.env[networkVariable]),
    tag: reference,
  })
  const stage = { job, client, reference, env, onLine }
  try {
    await using child = await host.start({ argv, env, signal })
    const { code, tail } = await follow(child, onLine)
    signal.throwIfAborted()
    if (code !== 0) {
      const lines = tail.filter((line) => !isNoise(line)).map(secrets.hide)
      throw buildFailure(image, platform, lines)
    }
    return await push(stage, host)
  } finally {
    await dropTag(stage, host)
  }
}

function networkOf(value: string | undefined): string | undefined {
  if (value === undefined || value === "" || value === "default") return undefined
  if (value === "host" || value === "none") return value
  throw new Failure("cannot", `${networkVariable} is \`${value}\``, { hint: "It can be `default`, `host` or `none`" })
}
