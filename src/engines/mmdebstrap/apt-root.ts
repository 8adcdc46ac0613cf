import { join } from "node:path"
import { Failure } from "../../failure.ts"
import type { Host } from "../../host/host.ts"
import type { Finished } from "../../host/process.ts"
import { debianArchitecture, quoted, type HostApt } from "./host-apt.ts"
import { renderSources } from "./sources.ts"

/** apt with nothing installed, its lists fresh, in a folder of its own. Disposing removes the folder. */
export type AptRoot = AsyncDisposable & {
  /** Runs `apt-get` or another of apt's commands there. */
  readonly apt: (argv: readonly [string, ...string[]]) => Promise<Finished>
}

type AptHost = Pick<Host, "files" | "run" | "env" | "machine">

/** Opens it and asks the mirrors for their lists. Fails with `temporary` when they do not answer. */
export async function openAptRoot(apt: HostApt, host: AptHost, signal?: AbortSignal): Promise<AptRoot> {
  const folder = await host.files.makeTemporary("nbstacks-apt-", host.machine.temporary)
  const dispose = (): Promise<void> => host.files.remove(folder)
  try {
    // apt downloads as a user of its own, who has to get in; nothing here is secret.
    await host.files.setMode(folder, 0o755)
    await lay(folder, apt, host)
    const run = async (argv: readonly [string, ...string[]]): Promise<Finished> => {
      const env = { ...host.env, APT_CONFIG: join(folder, "apt.conf"), LC_ALL: "C.UTF-8" }
      return await host.run({ argv, env, timeout: 600_000, ...(signal === undefined ? {} : { signal }) })
    }
    const updated = await run(["apt-get", "-q", "-o", "APT::Update::Error-Mode=any", "update"])
    if (updated.code !== 0)
      throw new Failure("temporary", "The Debian mirrors of this machine do not answer as they should", {
        detail: problemsOf(updated).join("\n"),
        hint: "See whether `apt-get update` works here, then run the command again",
      })
    return { apt: run, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

/** Lines in which apt says what is wrong. */
export function problemsOf({ stdout, stderr }: Pick<Finished, "stdout" | "stderr">): readonly string[] {
  return `${stderr}\n${stdout}`.split("\n").filter((line) => /^[EW]: /.test(line))
}

async function lay(folder: string, apt: HostApt, host: AptHost): Promise<void> {
  const root = join(folder, "root")
  for (const path of [
    "etc/apt/apt.conf.d",
    "etc/apt/preferences.d",
    "etc/apt/sources.list.d",
    "var/lib/apt/lists/partial",
    "var/cache/apt/archives/partial",
    "var/lib/dpkg",
  ])
    await host.files.makeDirectory(join(root, path))
  await host.files.write(join(root, "var/lib/dpkg/status"), "")
  await host.files.write(join(root, "etc/apt/sources.list.d/nbstacks.sources"), renderSources(apt.sources))
  const architecture = debianArchitecture(host.machine.architecture)
  const lines = [
    `Dir ${quoted(root)};`,
    `Dir::State::status ${quoted(join(root, "var/lib/dpkg/status"))};`,
    `Dir::Etc::trusted ${quoted(apt.trusted)};`,
    `Dir::Etc::trustedparts ${quoted(apt.trustedParts)};`,
    `APT::Architecture ${quoted(architecture)};`,
    "#clear APT::Architectures;",
    `APT::Architectures { ${quoted(architecture)}; };`,
    ...installPolicy,
    'Acquire::Languages "none";',
    ...apt.downloads,
  ]
  await host.files.write(join(folder, "apt.conf"), `${lines.join("\n")}\n`)
}

/** How packages are chosen, the same when versions are resolved and when they are installed. */
export const installPolicy: readonly string[] = [
  'APT::Install-Recommends "false";',
  'APT::Install-Suggests "false";',
  // apt calls itself essential unless told not to.
  'pkgCacheGen::ForceEssential ",";',
]
