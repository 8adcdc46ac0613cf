import type { Host } from "../host/host.ts"
import { Failure } from "../failure.ts"
import { parallel } from "../parallel.ts"

/** What a release says of where it came from. */
export type Source = {
  /** 40 hexadecimal digits; undefined without git. */
  readonly commit: string | undefined
  readonly branch: string | undefined
  readonly dirty: boolean
  /** What is not committed, as `git status --short` shows it; at most twenty. */
  readonly changes: readonly string[]
  /** What the CI system calls this run, as a link where it has one. */
  readonly run: string | undefined
}

const patience = 30_000

type Door = Pick<Host, "run" | "env">

/**
 * The commit, branch and state of a folder's repository. Without git, or outside a repository, nothing is dirty. An
 * untracked file makes it dirty only if it is `seen`: a build's log or a saved plan does not.
 *
 * @param seen paths relative to the folder that decide what is built
 */
export async function readSource(folder: string, host: Door, seen: ReadonlySet<string>): Promise<Source> {
  const run = runLink(host.env)
  await requireTrust(folder, host)
  const [commit, branch, status] = await Promise.all([
    git(host, folder, ["rev-parse", "HEAD"]),
    git(host, folder, ["symbolic-ref", "--short", "-q", "HEAD"]),
    // Relative paths, NUL between them: names with spaces and quotes come as they are.
    git(host, folder, [
      "-c",
      "status.relativePaths=true",
      "status",
      "--short",
      "-z",
      "--untracked-files=all",
      "--no-renames",
      "--",
      ".",
    ]),
  ])
  const prefix = (await git(host, folder, ["rev-parse", "--show-prefix"])) ?? ""
  const changes = (status ?? "").split("\0").filter((entry) => entry !== "" && counts(entry, prefix, seen))
  return { commit, branch: branchOf(host.env) ?? branch, dirty: changes.length > 0, changes: changes.slice(0, 20), run }
}

/** `-z` gives paths from the top of the repository, whatever is configured. */
function counts(entry: string, prefix: string, seen: ReadonlySet<string>): boolean {
  if (!entry.startsWith("??")) return true
  const path = entry.slice(3)
  return seen.has(path.startsWith(prefix) ? path.slice(prefix.length) : path)
}

/** Git refuses repositories of other users. Going on as if there were no git would hide the commit from the release. */
export async function requireTrust(folder: string, host: Door): Promise<void> {
  const answer = await host
    .run({ argv: ["git", "-C", folder, "rev-parse", "--git-dir"], timeout: patience })
    .catch(() => undefined)
  if (answer === undefined || answer.code === 0 || !answer.stderr.includes("dubious ownership")) return
  throw new Failure("cannot", `Git does not trust ${folder}: it belongs to another user`, {
    hint: `Run \`git config --global --add safe.directory ${folder}\` if you do`,
  })
}

/** The branch alone: one process, for `plan`. */
export async function readBranch(folder: string, host: Door): Promise<string | undefined> {
  return branchOf(host.env) ?? (await git(host, folder, ["symbolic-ref", "--short", "-q", "HEAD"])) ?? undefined
}

/** The abbreviated commit that last changed each path; paths that git does not know, or that differ from it, are left out. */
export async function lastCommits(
  folder: string,
  paths: readonly string[],
  host: Door,
): Promise<ReadonlyMap<string, string>> {
  const found = await parallel(paths.slice(0, 100), 4, async (path) => {
    const changed = await git(host, folder, ["status", "--porcelain", "--", path])
    const commit = changed === "" ? await git(host, folder, ["log", "-1", "--format=%h", "--", path]) : undefined
    return [path, commit] as const
  })
  return new Map(found.filter((pair): pair is readonly [string, string] => pair[1] !== undefined && pair[1] !== ""))
}

/** What git prints, without the newline at its end; undefined where it fails or is not there. */
export async function git(host: Door, folder: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { code, stdout } = await host.run({ argv: ["git", "-C", folder, ...args], timeout: patience })
    return code === 0 ? stdout.replace(/\n$/, "") : undefined
  } catch {
    return undefined
  }
}

/** CI systems check out a commit, not a branch, and name the branch in the environment. */
function branchOf(env: Door["env"]): string | undefined {
  if (env["GITHUB_HEAD_REF"]) return env["GITHUB_HEAD_REF"]
  if (env["GITHUB_REF_TYPE"] === "branch") return env["GITHUB_REF_NAME"]
  return env["CI_COMMIT_BRANCH"]
}

function runLink(env: Door["env"]): string | undefined {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run, CI_JOB_URL: job } = env
  return server && repository && run ? `${server}/${repository}/actions/runs/${run}` : job
}
