import { join, resolve } from "node:path"
import type { Host } from "../../src/host/host.ts"
import type { Finished } from "../../src/host/process.ts"

/** A folder for a tree, with a store, a cache and a Docker configuration of its own. */
export type Sandbox = AsyncDisposable & {
  readonly folder: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Writes files of the tree, by path. */
  readonly write: (files: Readonly<Record<string, string>>) => Promise<void>
  /** Runs the program as people do. */
  readonly nbstacks: (...args: readonly string[]) => Promise<Finished>
  /** Runs git in the folder; fails loudly. */
  readonly git: (...args: readonly string[]) => Promise<string>
}

/** The program, as people call it. */
export const program: string = resolve(import.meta.dirname, "../../nbstacks")

/** A new sandbox below the temporary folder, in a folder called `tree`. */
export async function openSandbox(
  host: Host,
  more: Readonly<Record<string, string | undefined>> = {},
): Promise<Sandbox> {
  const root = await host.files.makeTemporary("nbstacks-sandbox-")
  const folder = join(root, "tree")
  await host.files.makeDirectory(folder)
  const env = {
    ...host.env,
    NBSTACKS_STORE: join(root, "store"),
    NBSTACKS_CACHE: join(root, "cache"),
    DOCKER_CONFIG: join(root, "docker"),
    GIT_AUTHOR_NAME: "Test",
    GIT_AUTHOR_EMAIL: "test@example.org",
    GIT_COMMITTER_NAME: "Test",
    GIT_COMMITTER_EMAIL: "test@example.org",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GITHUB_ACTIONS: undefined,
    GITHUB_REF_TYPE: undefined,
    GITHUB_HEAD_REF: undefined,
    FORCE_COLOR: undefined,
    ...more,
  }
  return {
    folder,
    env,
    write: async (files) => {
      for (const [path, text] of Object.entries(files)) await host.files.write(join(folder, path), text)
    },
    nbstacks: (...args) => host.run({ argv: [program, ...args], cwd: folder, env, timeout: 1_200_000 }),
    git: async (...args) => {
      const { code, stdout, stderr } = await host.run({ argv: ["git", ...args], cwd: folder, env })
      if (code !== 0) throw new Error(`git ${args.join(" ")}: ${stderr}`)
      return stdout.trim()
    },
    async [Symbol.asyncDispose]() {
      await host.files.remove(root)
    },
  }
}

/** A sandbox once it is prepared; removed again when that fails. */
export async function prepared(sandbox: Sandbox, prepare: () => Promise<void>): Promise<Sandbox> {
  try {
    await prepare()
    return sandbox
  } catch (error) {
    await sandbox[Symbol.asyncDispose]()
    throw error
  }
}
