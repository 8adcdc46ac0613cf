import { join } from "node:path"
import type { Host } from "../../host/host.ts"
import { judge, type Facts } from "./judge.ts"
import type { Refusal } from "../engine.ts"

type ClientHost = Pick<Host, "files" | "run" | "env">

/** A `docker` program that works with a daemon that can do what we need. */
export type DockerClient = {
  /** Absolute. */
  readonly program: string
  /** What builds: the client's own `build`, or the buildx plugin. */
  readonly builder: "build" | "buildx"
  /** The context in use; buildx calls the daemon's own builder by this name. */
  readonly context: string
  /** Of the daemon, such as `20.10.24+dfsg1`. */
  readonly serverVersion: string
  /** Of the daemon, as OCI names it. */
  readonly architecture: string
}

/**
 * The first `docker` on the path, then in the usual folders, that works: another, newer one without buildx or without
 * a daemon may come before it. Otherwise what is wrong with the one that came closest.
 */
export async function findClient(host: ClientHost, signal?: AbortSignal): Promise<DockerClient | Refusal> {
  const programs = await programsOf(host)
  if (programs.length === 0)
    return { no: "there is no `docker` on this machine", hint: "Install Docker Engine: `apt-get install docker.io`" }
  let closest: (Refusal & { readonly rank: number }) | undefined
  for (const program of programs) {
    const judged = judge(await factsOf(host, program, signal))
    if (!("no" in judged)) return { program, ...judged }
    if (closest === undefined || judged.rank > closest.rank) closest = judged
  }
  const { no, hint } = closest as Refusal
  return { no, hint }
}

async function programsOf(host: ClientHost): Promise<readonly string[]> {
  const folders = [...(host.env["PATH"] ?? "").split(":"), "/usr/bin", "/usr/local/bin"].filter((one) =>
    one.startsWith("/"),
  )
  const found = new Map<string, string>()
  for (const path of [...new Set(folders)].map((folder) => join(folder, "docker"))) {
    // A folder that may not be entered has no program for us.
    const stat = await host.files.stat(path).catch(() => undefined)
    if (stat === undefined || stat.kind === "directory") continue
    const real = await host.files.realPath(path).catch(() => undefined)
    if (real !== undefined && !found.has(real)) found.set(real, path)
  }
  return [...found.values()]
}

async function factsOf(host: ClientHost, program: string, signal: AbortSignal | undefined): Promise<Facts> {
  const ask = async (
    ...args: readonly string[]
  ): Promise<{ readonly out: string; readonly err: string; readonly code: number }> => {
    try {
      const answer = await host.run({
        argv: [program, ...args],
        timeout: 20_000,
        ...(signal === undefined ? {} : { signal }),
      })
      return { out: answer.stdout, err: answer.stderr, code: answer.code }
    } catch (error) {
      signal?.throwIfAborted()
      return { out: "", err: error instanceof Error ? error.message : String(error), code: 127 }
    }
  }
  const [client, info, buildx, context] = [
    await ask("version", "--format", "{{.Client.Version}}"),
    await ask("info", "--format", "{{json .}}"),
    await ask("buildx", "version"),
    await ask("context", "show"),
  ]
  const name = context.code === 0 ? context.out.trim() : "default"
  const endpoint =
    host.env["DOCKER_HOST"] ??
    (await ask("context", "inspect", name, "--format", "{{.Endpoints.docker.Host}}")).out.trim()
  return {
    program,
    clientVersion: client.out.trim().split("\n")[0] ?? "",
    info: parse(info.out),
    problem: info.err.trim(),
    hasBuildx: buildx.code === 0,
    context: host.env["DOCKER_HOST"] === undefined ? name : "default",
    endpoint,
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
