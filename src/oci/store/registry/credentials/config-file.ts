import { join } from "node:path"
import { z } from "zod"
import { Failure } from "../../../../failure.ts"
import type { Host } from "../../../../host/host.ts"
import type { Credentials } from "./credentials.ts"

type Entry = {
  readonly auth?: string | undefined
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly identitytoken?: string | undefined
  readonly registrytoken?: string | undefined
}

/** What is used of Docker's `config.json` and Podman's `auth.json`, which have one form. */
export type ConfigFile = {
  readonly path: string
  readonly auths: Readonly<Record<string, Entry>>
  readonly credHelpers: Readonly<Record<string, string>>
  readonly credsStore?: string | undefined
}

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? undefined)

const Entry: z.ZodType<Entry> = z
  .object({ auth: text, username: text, password: text, identitytoken: text, registrytoken: text })
  .nullish()
  .transform((value) => value ?? {})

const Schema = z.object({
  auths: z
    .record(z.string(), Entry)
    .nullish()
    .transform((value) => value ?? {}),
  credHelpers: z
    .record(z.string(), z.string())
    .nullish()
    .transform((value) => value ?? {}),
  credsStore: text,
})

/** Where logins may be, in the order in which they are asked: what the user names first, then Docker's, then Podman's. */
export function configPaths({ env, machine }: Pick<Host, "env" | "machine">): readonly string[] {
  const named = (name: string): string | undefined => (env[name] === "" ? undefined : env[name])
  const [named_, docker, runtime, config] = [
    "REGISTRY_AUTH_FILE",
    "DOCKER_CONFIG",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
  ].map(named)
  const paths = [
    named_,
    join(docker ?? join(machine.home, ".docker"), "config.json"),
    runtime === undefined ? undefined : join(runtime, "containers", "auth.json"),
    join(config ?? join(machine.home, ".config"), "containers", "auth.json"),
  ]
  return [...new Set(paths.filter((path) => path !== undefined))]
}

const largest = 4 * 1024 * 1024

/** Reads one such file; `undefined` if it is not there. Fails with `cannot` when it has another form. */
export async function readConfigFile({ files }: Pick<Host, "files">, path: string): Promise<ConfigFile | undefined> {
  let value: unknown
  try {
    const stat = await files.stat(path)
    if (stat === undefined || stat.kind === "directory") return undefined
    if (stat.size > largest) throw new Error(`it has ${stat.size} bytes`)
    const content = await files.readText(path)
    value = content.trim() === "" ? {} : JSON.parse(content)
  } catch (cause) {
    throw new Failure("cannot", `Cannot read the logins in ${path}`, { cause })
  }
  const parsed = Schema.safeParse(value)
  if (parsed.success) return { path, ...parsed.data }
  throw new Failure("cannot", `${path} is not of the form of Docker's config.json`, { cause: parsed.error })
}

/** The login that an entry holds; `undefined` for an empty one, which a credential helper leaves behind. */
export function entryCredentials(entry: Entry): Credentials | undefined {
  if (entry.registrytoken) return { kind: "registry", token: entry.registrytoken }
  if (entry.identitytoken) return { kind: "identity", token: entry.identitytoken }
  const joined = Buffer.from(entry.auth ?? "", "base64")
    .toString("utf8")
    .replaceAll("\0", "")
  const colon = joined.indexOf(":")
  const username = colon < 0 ? (entry.username ?? "") : joined.slice(0, colon)
  const password = colon < 0 ? (entry.password ?? "") : joined.slice(colon + 1)
  return username === "" ? undefined : { kind: "password", username, password }
}

/**
 * The names under which a file may keep the login of a registry, the most exact first: Podman's with a path, then
 * the host, then the addresses that `docker login` wrote over the years.
 */
export function entryNames(host: string, prefix: string): readonly string[] {
  const segments = prefix === "" ? [] : prefix.split("/")
  const paths = segments.map((_, index) => [host, ...segments.slice(0, segments.length - index)].join("/"))
  const hosts = ["docker.io", "index.docker.io", "registry-1.docker.io"].includes(host)
    ? ["index.docker.io", "docker.io", "registry-1.docker.io"]
    : [host]
  const addresses = hosts.flatMap((name) =>
    ["", "https://", "http://"].flatMap((scheme) =>
      ["", "/", "/v1/", "/v2/", "/v1", "/v2"].map((end) => `${scheme}${name}${end}`),
    ),
  )
  return [...paths, ...addresses]
}
