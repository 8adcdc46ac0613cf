import type { RunConfig } from "../../oci/manifest.ts"
import type { Versioned } from "./names.ts"
import { notebookUser } from "./user.ts"

const { name, uid, gid, home, shell } = notebookUser

/**
 * How containers of a base run: as the numeric user, so that Kubernetes can see that it is not root, below tini where
 * the lock has it, with the variables that docker-stacks sets and its scripts expect.
 */
export function runConfigOf(locked: readonly Versioned[]): RunConfig {
  const hasTini = locked.some((one) => one.name === "tini")
  return {
    User: `${uid}:${gid}`,
    Env: [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "LANG=C.UTF-8",
      "LC_ALL=C.UTF-8",
      `SHELL=${shell}`,
      `NB_USER=${name}`,
      `NB_UID=${uid}`,
      `NB_GID=${gid}`,
      `HOME=${home}`,
    ],
    ...(hasTini ? { Entrypoint: ["tini", "-g", "--"] } : {}),
    Cmd: [shell],
    WorkingDir: home,
  }
}
