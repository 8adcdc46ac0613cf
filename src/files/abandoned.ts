import type { Host } from "../host/host.ts"

/**
 * Names of folders in a folder that belong to processes which are gone, such as after kill -9. None where there is no
 * such folder.
 *
 * @param pattern finds the id of the process in a name, as its first group; other names are left out
 */
export async function abandonedIn(
  folder: string,
  pattern: RegExp,
  files: Pick<Host["files"], "list" | "stat">,
): Promise<readonly string[]> {
  const gone: string[] = []
  for (const { name, kind } of (await files.list(folder)) ?? []) {
    const pid = kind === "directory" ? pattern.exec(name)?.[1] : undefined
    if (pid !== undefined && (await files.stat(`/proc/${pid}`)) === undefined) gone.push(name)
  }
  return gone
}
