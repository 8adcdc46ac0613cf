import type { Host } from "../host/host.ts"
import { parallel } from "../parallel.ts"

/** What a release says of where it came from. */
export type Source = {
  /** 40 hexadecimal digits; undefined without git. */
  readonly commit: string | undefined
  readonly branch: string | undefined
  readonly dirty: boolean
  /** What the CI system calls this run, as a link where it has one. */
  readonly run: string | undefined
}

type Door = Pick<Host, "run" | "env">

/** The commit, branch and state of a folder's repository. Without git, or outside a repository, nothing is dirty. */
export async function readSource(folder: string, host: Door): Promise<Source> {
  const run = runLink(host.env)
  const [commit, branch, status] = await Promise.all([
    git(host, folder, ["rev-parse", "HEAD"]),
    git(host, folder, ["symbolic-ref", "--short", "-q", "HEAD"]),
    git(host, folder, ["status", "--porcelain", "--", "."]),
  ])
  return {
    commit: commit ?? undefined,
    branch: branchOf(host.env) ?? branch ?? undefined,
    dirty: commit !== undefined && status !== undefined && status !== "",
    run,
  }
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

async function git(host: Door, folder: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { code, stdout } = await host.run({ argv: ["git", "-C", folder, ...args], timeout: 30_000 })
    return code === 0 ? stdout.trim() : undefined
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
