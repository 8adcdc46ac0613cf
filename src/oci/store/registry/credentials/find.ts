import { isFailure, type Failure } from "../../../../failure.ts"
import type { Host } from "../../../../host/host.ts"
import { configPaths, entryCredentials, entryNames, readConfigFile, type ConfigFile } from "./config-file.ts"
import type { Credentials } from "./credentials.ts"
import { askHelper } from "./helper.ts"

export type Wanted = {
  /** `host[:port]`, as in a reference. */
  readonly host: string
  /** The path below it, which Podman's file can tell apart; may be empty. */
  readonly prefix: string
  readonly signal?: AbortSignal | undefined
  /** Told of a store for all that could not be asked. */
  readonly missed?: ((failure: Failure) => void) | undefined
}

/**
 * The login of a registry from the Docker credential store: helpers, then the store for all, then the file itself;
 * then the same of Podman's files. `undefined` if there is none. A store for all that is not installed is passed
 * over, since its name often outlives it; a helper that is named for this host is not.
 */
export async function findCredentials(
  host: Pick<Host, "files" | "run" | "env" | "machine">,
  wanted: Wanted,
): Promise<Credentials | undefined> {
  for (const path of configPaths(host)) {
    const file = await readConfigFile(host, path)
    const found = file === undefined ? undefined : await findIn(host, file, wanted)
    if (found !== undefined) return found
  }
  return undefined
}

async function findIn(host: Pick<Host, "run">, file: ConfigFile, wanted: Wanted): Promise<Credentials | undefined> {
  const names = entryNames(wanted.host, wanted.prefix)
  const first = <T>(record: Readonly<Record<string, T>>): T | undefined =>
    names.flatMap((name) => (Object.hasOwn(record, name) ? [record[name] as T] : []))[0]
  const server = wanted.host === "docker.io" ? "https://index.docker.io/v1/" : wanted.host
  const signal = wanted.signal

  const helper = first(file.credHelpers)
  if (helper !== undefined && helper !== "") return await askHelper(host, { name: helper, server, signal })
  if (file.credsStore !== undefined && file.credsStore !== "") {
    const found = await askHelper(host, { name: file.credsStore, server, signal }).catch((error: unknown) => {
      if (!isFailure(error)) throw error
      wanted.missed?.(error)
      return undefined
    })
    if (found !== undefined) return found
  }
  const entry = names
    .map((name) => (Object.hasOwn(file.auths, name) ? file.auths[name] : undefined))
    .find((candidate) => candidate !== undefined && entryCredentials(candidate) !== undefined)
  return entry === undefined ? undefined : entryCredentials(entry)
}
