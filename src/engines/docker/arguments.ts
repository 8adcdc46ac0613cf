import type { Platform } from "../../oci/platform.ts"
import { proxyVariables } from "../../tree/proxies.ts"
import type { DockerClient } from "./client.ts"

/** One secret of a build: its id and the file that has its value. */
export type SecretFile = { readonly id: string; readonly path: string }

export type BuildCall = {
  readonly client: Pick<DockerClient, "program" | "builder" | "context">
  readonly platform: Platform
  /** Outside the context, so that no `COPY` sees it. */
  readonly dockerfile: string
  readonly context: string
  readonly args: Readonly<Record<string, string>>
  /** Variables of the environment that are passed by name, such as proxies. */
  readonly passed: readonly string[]
  readonly target: string | undefined
  readonly secrets: readonly SecretFile[]
  /** `host`, `none`, or undefined for the daemon's own default. */
  readonly network: string | undefined
  /** Under which the result is in the daemon. */
  readonly tag: string
}

/** The command line of a build. No value of a secret or a proxy is on it. */
export function buildArguments(call: BuildCall): [string, ...string[]] {
  const { client, network } = call
  const how =
    client.builder === "build"
      ? ["build"]
      : // Another builder than the daemon's own could not reach loopback, and would not load its result.
        ["buildx", "build", "--builder", client.context, "--load", "--provenance=false", "--sbom=false"]
  const entitled = network === "host" && client.builder === "buildx" ? ["--allow", "network.host"] : []
  return [
    client.program,
    ...how,
    "--progress",
    "plain",
    "--platform",
    call.platform,
    "--file",
    call.dockerfile,
    "--tag",
    call.tag,
    ...(call.target === undefined ? [] : ["--target", call.target]),
    ...(network === undefined ? [] : ["--network", network]),
    ...entitled,
    ...Object.keys(call.args)
      .sort()
      .flatMap((name) => ["--build-arg", `${name}=${call.args[name] ?? ""}`]),
    ...call.passed.flatMap((name) => ["--build-arg", name]),
    ...call.secrets.flatMap(({ id, path }) => ["--secret", [csv("id", id), csv("src", path)].join(",")]),
    "--",
    call.context,
  ]
}

/** A field as Docker's comma-separated options want it. */
function csv(name: string, value: string): string {
  const field = `${name}=${value}`
  return /[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field
}

/** Names of the proxy variables that are set. BuildKit knows them without `ARG` and keeps them out of its cache keys. */
export function proxyNames(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return proxyVariables.filter((name) => env[name] !== undefined && env[name] !== "")
}
