import { Failure } from "../failure.ts"
import type { Location } from "../oci/store/store.ts"
import { readMerged } from "../oci/merged.ts"
import type { Report } from "../report/event.ts"
import { readRunnable, type RunnableImage } from "./image.ts"
import type { CheckHost } from "./job.ts"
import { startServer } from "./jupyter/server.ts"
import { canRun } from "./runtime/pick.ts"
import type { Mount, Runtime } from "./runtime/runtime.ts"
import { resolveUser } from "./runtime/users.ts"

export type RunJob = {
  readonly host: CheckHost
  readonly runtime: Runtime
  /** This folder is ~/work in the container; absolute. */
  readonly folder: string
  /** On 127.0.0.1; a free one unless given. */
  readonly port?: number | undefined
  readonly signal: AbortSignal
  readonly report: Report
}

/** A JupyterLab that answers. Disposing stops it and leaves nothing behind. */
export type Lab = AsyncDisposable & {
  /** `http://127.0.0.1:PORT/lab?token=…` */
  readonly link: string
  /** Resolves when the server ends by itself, as when somebody shuts it down from its menu. */
  readonly ended: Promise<{ readonly code: number }>
}

/** Starts JupyterLab with a folder as ~/work. Fails with `no` when it does not answer within 30 s, with its last lines. */
export async function startLab(
  image: { readonly name: string; readonly location: Location },
  job: RunJob,
): Promise<Lab> {
  const { runnable, mount } = await prepare(image, job)
  const { host, runtime, port, signal, report } = job
  const server = await startServer(host, runnable, {
    runtime,
    mount,
    ...(port === undefined ? {} : { port }),
    signal,
    say: (line) => report({ kind: "output", image: runnable.name, platform: runnable.platform, phase: "check", line }),
  })
  return {
    link: `${server.connection.baseUrl}lab?token=${server.connection.token}`,
    ended: server.container.ended,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/**
 * Runs a command instead of JupyterLab, by the image's entrypoint, on this process's terminal, with a folder as
 * ~/work. Gives its exit code. `tty`: stdin, stdout and stderr are a terminal.
 */
export async function runCommand(
  image: { readonly name: string; readonly location: Location },
  argv: readonly string[],
  job: RunJob & { readonly tty: boolean },
): Promise<number> {
  const { runnable, mount } = await prepare(image, job)
  const { TERM } = job.host.env
  return await job.runtime.attach(runnable, {
    command: () => argv,
    env: TERM === undefined ? {} : { TERM },
    mount,
    ...(job.port === undefined ? {} : { port: job.port }),
    signal: job.signal,
    say: () => undefined,
    tty: job.tty,
  })
}

async function prepare(
  { name, location }: { readonly name: string; readonly location: Location },
  { host, folder, report, signal }: RunJob,
): Promise<{ readonly runnable: RunnableImage; readonly mount: Mount }> {
  const runnable = await readRunnable(name, location)
  const able = await canRun(host, runnable.platform)
  if (able !== true) throw new Failure("cannot", `Cannot run ${name}: ${able.no}`, { hint: able.hint })
  const stat = await host.files.stat(await host.files.realPath(folder))
  if (stat?.kind !== "directory") throw new Failure("cannot", `${folder} is no folder`)
  const merged = await readMerged(runnable.image, { signal })
  const files = await merged.readFiles(["etc/passwd", "etc/group"])
  const text = (path: string): string => Buffer.from(files.get(path) ?? []).toString("utf8")
  const user = resolveUser(runnable.user, text("etc/passwd"), text("etc/group"))
  if (host.machine.uid === 0 && user !== undefined && user.uid !== 0 && !mayWrite(stat, user)) {
    report({
      kind: "note",
      level: "warning",
      text: `${folder} is not writable for the image's user ${user.uid}:${user.gid}: ~/work is read-only in effect. \`chown -R ${user.uid}:${user.gid}\` it to save there`,
    })
  }
  const home = runnable.env["HOME"] ?? user?.home ?? "/"
  return { runnable, mount: { from: folder, to: `${home === "/" ? "" : home.replace(/\/+$/, "")}/work` } }
}

function mayWrite(
  { mode, uid, gid }: { readonly mode: number; readonly uid: number; readonly gid: number },
  user: { readonly uid: number; readonly groups: readonly number[] },
): boolean {
  const shift = uid === user.uid ? 6 : user.groups.includes(gid) ? 3 : 0
  return ((mode >> shift) & 0o3) === 0o3
}
