import { join } from "node:path"
import { tmpdir } from "node:os"
import type { Host } from "../../src/host/host.ts"
import { makeHost } from "../../src/host/node/host.ts"

/** A Docker daemon for tests. Disposing leaves it; who leaves last ends it. */
export type TestDocker = AsyncDisposable & {
  /** For the variable DOCKER_HOST. */
  readonly address: string
  /** This machine with DOCKER_HOST set. */
  readonly host: Host
  /** The client of the same package as the daemon: runs it and gives what it printed; throws when it fails. */
  readonly docker: (...args: readonly string[]) => Promise<string>
}

/** One daemon for all test files and all runs of this user at the same time. */
const folder: string = join(tmpdir(), "nbstacks-test-docker")
const socket: string = join(folder, "sock")
const address = `unix://${socket}`

/**
 * Joins the daemon of this machine's tests, or starts it: its own data, socket and containerd, ended by its process
 * id. Needs root; other users get the daemon that DOCKER_HOST or the system has.
 */
export async function startDocker(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<TestDocker> {
  const plain = makeHost(env)
  if (plain.machine.uid !== 0) return client(makeHost(env), env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock")
  const seat = join(folder, "users", `${plain.machine.pid}-${plain.random(4)}`)
  await guarded(plain, async () => {
    await plain.files.write(seat, "")
    if (await answers(plain)) return
    await stop(plain)
    await start(plain)
  })
  return {
    ...client(makeHost({ ...env, DOCKER_HOST: address }), address),
    async [Symbol.asyncDispose]() {
      await guarded(plain, async () => {
        await plain.files.remove(seat)
        if ((await seats(plain)) === 0) await stop(plain)
      })
    },
  }
}

function client(host: Host, at: string): TestDocker {
  const docker = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await host.run({ argv: ["/usr/bin/docker", ...args], timeout: 300_000 })
    if (code !== 0) throw new Error(`docker ${args.join(" ")}: ${stderr}`)
    return stdout
  }
  return { address: at, host, docker, [Symbol.asyncDispose]: async () => undefined }
}

async function guarded(host: Host, work: () => Promise<void>): Promise<void> {
  await using _lock = await host.files.lock(`${folder}.lock`, { timeout: 120_000 })
  await work()
}

async function answers(host: Host): Promise<boolean> {
  const argv = ["/usr/bin/docker", "--host", address, "version"] as const
  return (await host.run({ argv, timeout: 10_000 })).code === 0
}

async function start(host: Host): Promise<void> {
  await host.files.makeDirectory(folder)
  const log = join(folder, "log")
  const argv = [
    // Another engine, such as a newer one, where somebody has it.
    host.env["NBSTACKS_TEST_DOCKERD"] ?? "/usr/sbin/dockerd",
    `--data-root=${join(folder, "data")}`,
    `--exec-root=${join(folder, "exec")}`,
    `--pidfile=${join(folder, "pid")}`,
    `--host=${address}`,
    "--storage-driver=overlay2",
  ]
  // A shell in between, so that the daemon outlives the test file that started it.
  await host.run({
    argv: ["/bin/sh", "-c", 'log=$1; shift; setsid "$@" </dev/null >"$log" 2>&1 &', "sh", log, ...argv],
  })
  for (let count = 0; count < 150; count++) {
    if (await answers(host)) return
    await host.sleep(200)
  }
  throw new Error(`dockerd did not start:\n${(await host.files.readText(log)).split("\n").slice(-20).join("\n")}`)
}

/** Ends the daemon and removes what it kept. */
async function stop(host: Host): Promise<void> {
  const pid = (await host.files.stat(join(folder, "pid"))) && (await host.files.readText(join(folder, "pid"))).trim()
  if (pid !== undefined && /^\d+$/.test(pid) && (await isDockerd(host, pid))) {
    await host.run({ argv: ["kill", pid] })
    for (let count = 0; count < 150 && (await isDockerd(host, pid)); count++) await host.sleep(200)
    if (await isDockerd(host, pid)) await host.run({ argv: ["kill", "-KILL", pid] })
  }
  for (const mount of await mounts(host)) await host.run({ argv: ["umount", "--lazy", mount] })
  for (const name of ["data", "exec", "pid", "sock", "log"]) await host.files.remove(join(folder, name))
}

async function isDockerd(host: Host, pid: string): Promise<boolean> {
  const path = `/proc/${pid}/comm`
  return (await host.files.stat(path)) !== undefined && (await host.files.readText(path)).trim() === "dockerd"
}

async function mounts(host: Host): Promise<readonly string[]> {
  return (await host.files.readText("/proc/self/mounts"))
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((path) => path.startsWith(`${folder}/`))
    .sort()
    .toReversed()
}

/** How many live users there are; the seats of dead ones are taken away. */
async function seats(host: Host): Promise<number> {
  let count = 0
  for (const { name } of (await host.files.list(join(folder, "users"))) ?? []) {
    const pid = name.split("-")[0] ?? ""
    if ((await host.files.stat(`/proc/${pid}`)) === undefined) await host.files.remove(join(folder, "users", name))
    else count++
  }
  return count
}
