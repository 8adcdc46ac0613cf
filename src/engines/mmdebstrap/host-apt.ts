import { join } from "node:path"
import { Failure } from "../../failure.ts"
import type { Host } from "../../host/host.ts"
import { parseDeb822, parseOneLine, sourcesOf, type AptSource } from "./sources.ts"

/** The parts of the host's own apt configuration that decide where packages come from. */
export type HostApt = {
  readonly sources: readonly AptSource[]
  /** Configuration lines for downloads, as `apt-config dump` prints them: proxies, retries, certificates. */
  readonly downloads: readonly string[]
  /** File and folder of the keys for sources that name none. */
  readonly trusted: string
  readonly trustedParts: string
}

/**
 * What of `Acquire` is not taken over: how indexes are laid out, languages (none are wanted), and what is about
 * the host's own lists.
 */
const left = /^Acquire::(?:IndexTargets|Languages|GzipIndexes|CompressionTypes|Changelogs|cdrom)\b/

const variables: Readonly<Record<string, string>> = {
  SOURCE_LIST: "Dir::Etc::sourcelist/f",
  SOURCE_PARTS: "Dir::Etc::sourceparts/d",
  TRUSTED: "Dir::Etc::trusted/f",
  TRUSTED_PARTS: "Dir::Etc::trustedparts/d",
  NETRC: "Dir::Etc::netrc/f",
  NETRC_PARTS: "Dir::Etc::netrcparts/d",
}

/**
 * Reads the host's apt configuration through `apt-config`, so that `APT_CONFIG` and all that apt itself reads
 * count, and its sources for one suite. Fails with `cannot` when there is no apt or no source for the suite.
 */
export async function readHostApt(
  host: Pick<Host, "files" | "run" | "machine">,
  suite: string,
  signal?: AbortSignal,
): Promise<HostApt> {
  const shell = await aptConfig(host, ["shell", ...Object.entries(variables).flat()], signal)
  const paths = new Map(
    [...shell.matchAll(/^([A-Z_]+)='(.*)'$/gm)].map((match) => [
      match[1] ?? "",
      (match[2] ?? "").replaceAll(`'\\''`, "'"),
    ]),
  )
  const path = (name: string): string => paths.get(name) ?? ""
  const all = await readSources(host, path("SOURCE_LIST"), path("SOURCE_PARTS"))
  const sources = sourcesOf(all, suite, debianArchitecture(host.machine.architecture))
  if (sources.length === 0) {
    const there = [...new Set(all.flatMap((source) => source.suites))].sort()
    throw new Failure("cannot", `This machine's apt has no source for the suite ${suite}`, {
      hint: `It has ${there.length === 0 ? "none at all" : there.join(", ")}: add one to /etc/apt/sources.list.d`,
    })
  }
  const dump = await aptConfig(host, ["dump"], signal)
  const downloads = dump.split("\n").filter((line) => line.startsWith("Acquire::") && !left.test(line))
  const netrc = [`Dir::Etc::netrc ${quoted(path("NETRC"))};`, `Dir::Etc::netrcparts ${quoted(path("NETRC_PARTS"))};`]
  return {
    sources,
    downloads: [...downloads, ...netrc],
    trusted: path("TRUSTED"),
    trustedParts: path("TRUSTED_PARTS"),
  }
}

/** A value as apt's configuration files write it. They know no escapes. */
export function quoted(text: string): string {
  return `"${text.replaceAll('"', "")}"`
}

/** Debian's name of an architecture that OCI names otherwise. */
export function debianArchitecture(architecture: string): string {
  const names: Readonly<Record<string, string>> = { "386": "i386", ppc64le: "ppc64el", arm: "armhf" }
  return names[architecture] ?? architecture
}

async function aptConfig(
  host: Pick<Host, "run">,
  args: readonly string[],
  signal: AbortSignal | undefined,
): Promise<string> {
  const command = {
    argv: ["apt-config", ...args] as const,
    timeout: 30_000,
    ...(signal === undefined ? {} : { signal }),
  }
  const finished = await host.run(command).catch((cause: unknown) => {
    signal?.throwIfAborted()
    throw new Failure("cannot", "There is no apt on this machine", {
      cause,
      hint: "Bases of Debian packages are made on Debian or Ubuntu; elsewhere start `from:` an image that exists",
    })
  })
  if (finished.code === 0) return finished.stdout
  throw new Failure("cannot", "apt's configuration on this machine cannot be read", {
    detail: finished.stderr.trim(),
    hint: "Run `apt-config dump` and mend what it says",
  })
}

async function readSources(host: Pick<Host, "files">, list: string, parts: string): Promise<readonly AptSource[]> {
  const sources: AptSource[] = []
  if (await isFile(host, list)) sources.push(...parseOneLine(await host.files.readText(list)))
  for (const { name } of (await host.files.list(parts)) ?? []) {
    const path = join(parts, name)
    if (!/^[A-Za-z0-9_.-]+\.(?:list|sources)$/.test(name) || !(await isFile(host, path))) continue
    const text = await host.files.readText(path)
    sources.push(...(name.endsWith(".sources") ? parseDeb822(text) : parseOneLine(text)))
  }
  return sources
}

async function isFile(host: Pick<Host, "files">, path: string): Promise<boolean> {
  const kind = (await host.files.stat(path))?.kind
  return kind === "file" || kind === "link"
}
