import { z } from "zod"
import type { Refusal } from "../engine.ts"
import type { DockerClient } from "./client.ts"

/** What was found out about one `docker` program. */
export type Facts = {
  readonly program: string
  /** Empty if it did not say. */
  readonly clientVersion: string
  /** What `docker info` said as JSON, if anything. */
  readonly info: unknown
  /** What it said on stderr. */
  readonly problem: string
  readonly hasBuildx: boolean
  readonly context: string
  /** Such as `unix:///var/run/docker.sock`; empty if unknown. */
  readonly endpoint: string
}

const Info = z.object({
  ServerVersion: z.string().optional(),
  Architecture: z.string().optional(),
  OSType: z.string().optional(),
  OperatingSystem: z.string().optional(),
  SecurityOptions: z.array(z.string()).nullish(),
})

const architectures: Readonly<Record<string, string>> = {
  x86_64: "amd64",
  aarch64: "arm64",
  armv7l: "arm",
  i686: "386",
}

/** Whether a client and its daemon will do. `rank` says how far a refused one came. */
export function judge(facts: Facts): Omit<DockerClient, "program"> | (Refusal & { readonly rank: number }) {
  const parsed = Info.safeParse(facts.info)
  const info = parsed.success ? parsed.data : {}
  const version = info.ServerVersion ?? ""
  if (facts.clientVersion === "" && version === "")
    return {
      no: `${facts.program} does not run, or is not Docker`,
      hint: "Install Docker Engine: `apt-get install docker.io`",
      rank: 0,
    }
  if (version === "") return { ...unreachable(facts), rank: 1 }
  if (!isAtLeast(version, 20, 10))
    return { no: `Docker Engine ${version} is too old`, hint: "Version 20.10 is the first that works", rank: 2 }
  if (info.OSType !== undefined && info.OSType !== "linux")
    return { no: `Docker runs ${info.OSType} containers`, hint: "Switch it to Linux containers", rank: 2 }
  const away = remote(facts.endpoint, info)
  if (away !== undefined) return { ...away, rank: 3 }
  const builder = facts.hasBuildx ? ("buildx" as const) : ("build" as const)
  // Since 23.0 the client leaves BuildKit to its plugin.
  if (builder === "build" && isAtLeast(facts.clientVersion, 23, 0))
    return {
      no: `${facts.program} ${facts.clientVersion} has no buildx plugin, without which it cannot use BuildKit`,
      hint: "Install it: `apt-get install docker-buildx` (Docker's own packages call it `docker-buildx-plugin`)",
      rank: 4,
    }
  return {
    builder,
    context: facts.context,
    serverVersion: version,
    architecture: architectures[info.Architecture ?? ""] ?? info.Architecture ?? "",
  }
}

function unreachable({ endpoint, problem, program }: Facts): Refusal {
  const at = endpoint === "" ? "" : ` at ${endpoint}`
  if (/permission denied/i.test(problem))
    return {
      no: `this user may not use the Docker daemon${at}`,
      hint: "Join its group: `usermod -aG docker $USER`, then log in again",
    }
  return {
    no: `no Docker daemon answers ${program}${at}`,
    hint: "Start it (`systemctl start docker`, or `dockerd` as root), or set DOCKER_HOST to one on this machine",
  }
}

/** The parent comes from a registry on our loopback, which only a daemon in the same network namespace can reach. */
function remote(endpoint: string, info: z.infer<typeof Info>): Refusal | undefined {
  const hint = "Use a Docker daemon that runs on this machine itself: set DOCKER_HOST or `docker context use`"
  const isLocal = endpoint === "" || /^(?:unix|npipe|fd):/.test(endpoint) || isLoopback(endpoint)
  if (!isLocal)
    return { no: `the Docker daemon at ${endpoint} is on another machine and cannot reach the local store`, hint }
  if (/docker desktop/i.test(info.OperatingSystem ?? ""))
    return { no: "Docker Desktop works in a virtual machine, which cannot reach the local store", hint }
  if (info.SecurityOptions?.some((option) => option.includes("rootless")) === true)
    return { no: "rootless Docker has a loopback of its own, which cannot reach the local store", hint }
  return undefined
}

function isLoopback(endpoint: string): boolean {
  return /^tcp:\/\/(?:127\.[0-9.]+|localhost|\[::1\])(?::|$)/.test(endpoint)
}

/** True if a version such as `20.10.24+dfsg1` is that one or a later one. */
export function isAtLeast(version: string, major: number, minor: number): boolean {
  const match = /^v?(\d+)\.(\d+)/.exec(version)
  if (match === null) return false
  const [has, sub] = [Number(match[1]), Number(match[2])]
  return has > major || (has === major && sub >= minor)
}
