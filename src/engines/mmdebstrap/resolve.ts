import { Failure } from "../../failure.ts"
import type { Host } from "../../host/host.ts"
import type { Platform } from "../../oci/platform.ts"
import { openAptRoot, problemsOf } from "./apt-root.ts"
import { readHostApt } from "./host-apt.ts"
import { requirePackageName, requireSuite, type Versioned } from "./names.ts"

/** What to resolve: the packages of a `bootstrap` as people wrote them. */
export type DebianRequest = {
  readonly suite: string
  readonly packages: readonly string[]
  readonly platform: Platform
}

/** What a base has besides what is asked for: apt, so that children can install; tini, its entrypoint. */
const always: readonly string[] = ["apt", "tini"]

/**
 * Every package that a base would have now, with its version, sorted by name: essential and required ones, apt,
 * tini, those that are asked for, and all that these depend on, without recommendations. The same lists of the
 * mirrors give the same answer.
 *
 * Fails with `cannot` when a package is unknown or cannot be installed, or the platform is not this machine's;
 * with `temporary` when the mirrors do not answer.
 */
export async function resolveDebian(
  request: DebianRequest,
  host: Pick<Host, "files" | "run" | "env" | "machine">,
  signal?: AbortSignal,
): Promise<Versioned[]> {
  const { suite, packages, platform } = request
  requireSuite(suite)
  for (const name of packages) requirePackageName(name)
  requireOwnPlatform(platform, host)
  const apt = await readHostApt(host, suite, signal)
  await using root = await openAptRoot(apt, host, signal)
  const wanted = [...new Set([...always, ...packages])].sort()
  const simulated = await root.apt([
    "apt-get",
    "--simulate",
    "--no-install-recommends",
    "install",
    "--",
    "?essential",
    "?priority(required)",
    ...wanted,
  ])
  if (simulated.code !== 0) throw cannotInstall(suite, simulated)
  return parseSimulation(simulated.stdout)
}

/** Fails with `cannot` for a platform whose programs this machine cannot run. */
function requireOwnPlatform(platform: Platform, host: Pick<Host, "machine">): void {
  const refusal = refusePlatform(platform, host)
  if (refusal !== undefined) throw new Failure("cannot", refusal.no, { hint: refusal.hint })
}

/** Why a base for a platform cannot be made here, or undefined if it can. */
export function refusePlatform(
  platform: Platform,
  { machine }: Pick<Host, "machine">,
): { readonly no: string; readonly hint: string } | undefined {
  const own = `${machine.os}/${machine.architecture}`
  if (platform === own) return undefined
  return {
    no: `a base of Debian packages for ${platform} cannot be made on ${own}`,
    hint: `Installing packages runs their programs, which qemu does too slowly and not always rightly: use a ${platform} machine, or \`--platform ${own}\``,
  }
}

/** Packages and versions of the lines `Inst NAME (VERSION …)` that `apt-get --simulate` prints, sorted by name. */
export function parseSimulation(stdout: string): Versioned[] {
  const versions = new Map<string, string>()
  for (const match of stdout.matchAll(/^Inst ([a-z0-9][a-z0-9+.-]+)(?::[a-z0-9-]+)? (?:\[[^\]]*\] )?\((\S+)/gm))
    versions.set(match[1] ?? "", match[2] ?? "")
  return [...versions].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, version]) => ({ name, version }))
}

function cannotInstall(suite: string, finished: { readonly stdout: string; readonly stderr: string }): Failure {
  const problems = problemsOf(finished)
  const unknown = problems.flatMap((line) => {
    const match = /(?:Unable to locate package (\S+)|Package '(\S+)' has no installation candidate)/.exec(line)
    return match === null ? [] : [match[1] ?? match[2] ?? ""]
  })
  if (unknown.length > 0)
    return new Failure(
      "cannot",
      `The suite ${suite} has no package ${unknown.map((name) => `\`${name}\``).join(", ")}`,
      {
        hint: `\`apt-cache search NAME\` finds packages`,
      },
    )
  return new Failure("cannot", `These packages of ${suite} cannot be installed together`, {
    detail: [...unmet(finished.stdout), ...problems].join("\n"),
    hint: "Leave one of them out of `packages`, or take another suite",
  })
}

function unmet(stdout: string): readonly string[] {
  const start = stdout.indexOf("The following packages have unmet dependencies")
  return start === -1 ? [] : stdout.slice(start).trim().split("\n").slice(0, 30)
}
