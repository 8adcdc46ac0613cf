import { join } from "node:path"
import { z } from "zod"
import { Failure } from "../../../failure.ts"
import type { Child } from "../../../host/process.ts"
import type { RunnableImage } from "../../image.ts"
import { execute } from "../execute.ts"
import { followLines } from "../lines.ts"
import type { Container, ContainerJob, Runtime, RuntimeHost } from "../runtime.ts"
import { accountOf } from "./account.ts"
import { onOwnTerminal } from "./own-terminal.ts"
import { prepareRoot } from "./roots.ts"
import { enterCommand, insideCommand, sandboxOptions, type Sandbox } from "./sandbox.ts"
import { makeScratch } from "./scratch.ts"
import { copyScript, environmentScript, overlayScript, plainEnvironment, startScript } from "./scripts.ts"
import type { Tools } from "./tools.ts"

export type BubblewrapOptions = { readonly tools: Tools; readonly base: string }

/**
 * A runtime without a daemon. The container shares this machine's network. As root it runs as the image's user for
 * real; as anyone else every file is the user's own, and only looks as if it were the image's user's.
 */
export function bubblewrapRuntime(options: BubblewrapOptions, host: RuntimeHost): Runtime {
  return {
    name: "bubblewrap",
    async start(image, job) {
      await using stack = new AsyncDisposableStack()
      const { sandbox, argv, scratch, port } = await prepare(options, host, { image, job, stack })
      const child = stack.use(await host.start({ argv, cwd: options.base, env: plainEnvironment, signal: job.signal }))
      const lines = followLines([child.stdout, child.stderr], job.say)
      const ended = child.ended.then(async (end) => {
        await lines.read
        return end
      })
      const pid = await firstProcess(host, {
        status: join(scratch, "status"),
        child,
        ready: `${sandbox.real ? "/image" : ""}/.nbstacks-environment`,
        signal: job.signal,
      })
      const kept = stack.move()
      const inside: Container["inside"] = (command) => {
        if (pid === undefined) throw new Failure("cannot", "The container has ended", { hint: "Run the command again" })
        return { argv: enterCommand(sandbox, { first: pid, outer: child.pid }, command), env: plainEnvironment }
      }
      return {
        port,
        ended,
        tail: lines.tail,
        inside,
        exec: async (command, bounds) => {
          if (pid === undefined) return { code: 126, output: "the container has ended", timedOut: false }
          return await execute(host, inside(command), bounds)
        },
        [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
      } satisfies Container
    },
    async attach(image, job) {
      await using stack = new AsyncDisposableStack()
      const { argv: plain } = await prepare(options, host, { image, job, stack })
      const argv = job.tty ? await onOwnTerminal(host, plain) : plain
      const env = { ...plainEnvironment, SHELL: "/bin/sh" }
      const child = stack.use(await host.start({ argv, cwd: options.base, env, signal: job.signal, terminal: true }))
      return (await child.ended).code
    },
  }
}

async function prepare(
  { tools, base }: BubblewrapOptions,
  host: RuntimeHost,
  { image, job, stack }: { image: RunnableImage; job: ContainerJob; stack: AsyncDisposableStack },
): Promise<{ sandbox: Sandbox; argv: readonly [string, ...string[]]; scratch: string; port: number }> {
  const root = await prepareRoot(host, image, { base, signal: job.signal })
  const user = await accountOf(host, image, join(base, root))
  const real = host.machine.uid === 0
  const sandbox: Sandbox = { tools, user, workdir: image.workdir, real }
  const scratch = stack.use(await makeScratch(host, base))
  const port = job.port ?? (await freePort(host))
  const env = { PATH: defaultPath, HOME: user.home, HOSTNAME: "nbstacks", ...reaper, ...image.env, ...job.env }
  await host.files.write(join(scratch.path, "environment"), environmentScript(env), { mode: 0o444 })
  await writeNames(host, join(scratch.path, "etc"))
  const paths = {
    merged: join(base, scratch.name, "merged"),
    environment: join(scratch.path, "environment"),
    mount: job.mount,
  }
  const options = sandboxOptions(sandbox, paths)
  await host.files.write(join(scratch.path, "args"), options.map((option) => `${option}\0`).join(""), { mode: 0o600 })
  const entrypoint = job.bare === true ? [] : image.entrypoint
  const inside = insideCommand(sandbox, [...entrypoint, ...job.command({ address: "127.0.0.1", port })])
  const script = `${tools.mode === "copy" ? copyScript : overlayScript}\n${startScript}`
  const shell = ["/bin/sh", "-c", script, "sh", root, scratch.name, tools.mode === "user-overlay" ? "userxattr," : ""]
  return {
    sandbox,
    argv: [...namespaces(tools, real), ...shell, tools.bwrap, ...inside] as [string, ...string[]],
    scratch: scratch.path,
    port,
  }
}

function namespaces(tools: Tools, real: boolean): readonly string[] {
  if (tools.mode === "copy" && real) return []
  const user = real ? [] : ["--user", "--map-root-user"]
  const mount = tools.mode === "copy" ? [] : ["--mount", "--propagation", "private"]
  return [tools.unshare, ...user, ...mount, "--"]
}

/** The image's tini is not the first process here, and complains unless it is told so. */
const reaper = { TINI_SUBREAPER: "1" } as const

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/** Taken and given back at once: the server fails if somebody else takes it in between. */
async function freePort(host: Pick<RuntimeHost, "serve">): Promise<number> {
  await using server = await host.serve(async () => ({ status: 503 }), { port: 0 })
  return server.port
}

async function writeNames(host: Pick<RuntimeHost, "files">, folder: string): Promise<void> {
  const resolve = await host.files.readText("/etc/resolv.conf").catch(() => "")
  await host.files.write(join(folder, "resolv.conf"), resolve)
  await host.files.write(join(folder, "hosts"), "127.0.0.1\tlocalhost nbstacks\n::1\tlocalhost ip6-localhost\n")
  await host.files.write(join(folder, "hostname"), "nbstacks\n")
}

const Status = z.object({ "child-pid": z.int().positive() })

type Starting = {
  readonly status: string
  readonly child: Child
  /** A path of the container that is there as soon as its files are. */
  readonly ready: string
  readonly signal: AbortSignal
}

/**
 * The first process of the container, as this machine numbers it; undefined if it ended before it had one.
 * Bubblewrap tells it before the container's files are in place: who enters earlier finds nothing there.
 */
async function firstProcess(
  host: Pick<RuntimeHost, "files" | "elapsed" | "sleep">,
  { status, child, ready, signal }: Starting,
): Promise<number | undefined> {
  let over = false
  void child.ended.then(() => (over = true))
  const deadline = host.elapsed() + 600_000
  while (host.elapsed() < deadline) {
    const last = over
    const [line = ""] = (await host.files.readText(status).catch(() => "")).split("\n")
    const pid = line.endsWith("}") ? Status.parse(JSON.parse(line))["child-pid"] : undefined
    if (pid !== undefined && (await isReady(host, `/proc/${pid}/root${ready}`))) return pid
    if (last) return undefined
    await host.sleep(20, signal)
  }
  throw new Failure("cannot", "bubblewrap did not start within ten minutes")
}

/** Where nobody may look, the container is taken to be ready. */
async function isReady({ files }: Pick<RuntimeHost, "files">, path: string): Promise<boolean> {
  try {
    return (await files.stat(path)) !== undefined
  } catch {
    return true
  }
}
