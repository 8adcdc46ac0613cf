import { join } from "node:path"
import type { Client } from "./client.ts"
import type { RuntimeHost } from "./runtime.ts"
import { findPrograms } from "./which.ts"

/** As installed; then as in virtual machines with hybrid cgroups, where the default runtime and limits are refused. */
const variants: readonly { readonly before: readonly string[]; readonly run: readonly string[] }[] = [
  { before: [], run: [] },
  {
    before: ["--runtime", "runc", "--cgroup-manager", "cgroupfs"],
    run: ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"],
  },
]

/** Folders that make this machine's own `true` run in an empty root. */
const borrowed: readonly string[] = ["/usr", "/bin", "/lib", "/lib64"]

/**
 * Podman with the flags with which it really starts a container here, with the network that every later one has.
 * Otherwise, why there is none.
 */
export async function findPodman(
  host: RuntimeHost,
  { address, signal }: { readonly address: string | undefined; readonly signal: AbortSignal },
): Promise<Client | { readonly no: string }> {
  if (address === undefined) return { no: "the local store is not served on loopback" }
  const [program] = await findPrograms(host, "podman")
  if (program === undefined) return { no: "it is not installed" }
  const root = await host.files.makeTemporary("nbstacks-podman-", host.machine.temporary)
  let reason = ""
  try {
    const mounts: string[] = []
    for (const folder of borrowed) {
      if ((await host.files.stat(folder)) === undefined) continue
      await host.files.makeDirectory(join(root, folder))
      mounts.push("--volume", `${folder}:${folder}:ro`)
    }
    for (const { before, run } of variants) {
      const argv = [program, ...before, "run", "--rm", "--publish", "127.0.0.1::8888", ...run, ...mounts] as const
      const answer = await host.run({ argv: [...argv, "--rootfs", root, "/usr/bin/true"], signal, timeout: 30_000 })
      if (answer.code === 0) {
        return {
          name: "podman",
          argv: [program, ...before],
          runFlags: run,
          mountFlags: host.machine.uid === 0 ? [] : ["--userns", "keep-id:uid=1000,gid=100"],
          pullFlags: ["--quiet", "--tls-verify=false"],
          address,
        }
      }
      reason = answer.stderr.trim().split("\n").at(-1) ?? reason
    }
  } finally {
    await host.files.remove(root)
  }
  return { no: reason === "" ? "it cannot start a container" : reason }
}
