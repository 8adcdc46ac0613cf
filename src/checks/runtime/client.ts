import { Failure } from "../../failure.ts"
import type { RunnableImage } from "../image.ts"
import { execute } from "./execute.ts"
import { followLines } from "./lines.ts"
import type { Container, ContainerJob, Runtime, RuntimeHost } from "./runtime.ts"

/** A command-line client that speaks Docker's language. */
export type Client = {
  readonly name: "docker" | "podman"
  /** The program and what comes before its subcommand. */
  readonly argv: readonly [string, ...string[]]
  /** What this machine needs after `run`. */
  readonly runFlags: readonly string[]
  /** What `run` needs so that the image's user may write to a mounted folder. */
  readonly mountFlags: readonly string[]
  readonly pullFlags: readonly string[]
  /** `host:port` of the registry on loopback that serves the local store. */
  readonly address: string
}

const inside = 8888
const soon = 120

/** A runtime on top of Docker's or Podman's client; images come by digest from the store on loopback. */
export function clientRuntime(client: Client, host: RuntimeHost): Runtime {
  return {
    name: client.name,
    async start(image, job) {
      const reference = await pull(client, host, { image, job })
      const name = `nbstacks-${host.random(6)}`
      const child = await host.start({
        argv: [...runArguments(client, { host, job, name }), ...imageAndCommand(job, reference)],
        env: { ...host.env, ...job.env },
        signal: job.signal,
      })
      const lines = followLines([child.stdout, child.stderr], job.say)
      let over = false
      const ended = child.ended.then(async (end) => {
        await lines.read
        over = true
        return end
      })
      const dispose = async (): Promise<void> => {
        await remove(client, host, name)
        await child[Symbol.asyncDispose]()
        await ended
      }
      try {
        const port = await publishedPort(client, host, { name, job, ended: () => over })
        if (over) throwIfNotStarted(client, (await ended).code, lines.tail())
        return {
          port,
          ended,
          tail: lines.tail,
          // Without --interactive its stdin would be empty.
          inside: (argv) => ({ argv: [...client.argv, "exec", "--interactive", name, ...argv], env: host.env }),
          exec: (argv, options) =>
            execute(host, { argv: [...client.argv, "exec", name, ...argv], env: host.env }, options),
          [Symbol.asyncDispose]: dispose,
        } satisfies Container
      } catch (error) {
        await dispose()
        throw error
      }
    },
    async attach(image, job) {
      const reference = await pull(client, host, { image, job })
      const name = `nbstacks-${host.random(6)}`
      try {
        const [program, ...args] = runArguments(client, { host, job, name })
        const terminal = job.tty ? ["--interactive", "--tty"] : ["--interactive"]
        await using child = await host.start({
          argv: [program, ...args, ...terminal, ...imageAndCommand(job, reference)],
          env: { ...host.env, ...job.env },
          signal: job.signal,
          terminal: true,
        })
        const { code } = await child.ended
        // What it said is on the terminal already.
        if (code === notStarted) throwIfNotStarted(client, code, [])
        return code
      } finally {
        await remove(client, host, name)
      }
    },
  }
}

/** The exit code of a client that could not start a container: https://docs.docker.com/engine/containers/run/#exit-status */
const notStarted = 125

/**
 * Fails with `cannot` when the runtime itself did not start a container. 126 and 127 are its own only where it, not
 * the image's command, could not be executed.
 */
function throwIfNotStarted({ name }: Client, code: number, tail: readonly string[]): void {
  const said = tail.slice(-10).join("\n")
  const own = (code === 126 || code === 127) && new RegExp(`^(?:error|${name}):`, "im").test(said)
  const command = /executable file|exec:|no such file or directory/i.test(said)
  if (code !== notStarted && (!own || command)) return
  const other = name === "docker" ? "podman" : "docker"
  throw new Failure("cannot", `${name} cannot start a container here: it ended with ${code}`, {
    ...(said === "" ? {} : { detail: said }),
    hint: `Choose another runtime: \`--runtime bubblewrap\` or \`--runtime ${other}\``,
  })
}

/** Containers carry the id of the process that started them, so that people can tell whose they are. */
export const processLabel = "io.nbstacks.process"

function runArguments(
  client: Client,
  { host, job, name }: { readonly host: RuntimeHost; readonly job: ContainerJob; readonly name: string },
): readonly [string, ...string[]] {
  const [program, ...before] = client.argv
  return [
    program,
    ...before,
    "run",
    "--rm",
    "--name",
    name,
    "--label",
    `${processLabel}=${host.machine.pid}`,
    "--publish",
    `127.0.0.1:${job.port ?? ""}:${inside}`,
    ...Object.keys(job.env).flatMap((variable) => ["--env", variable]),
    ...(job.mount === undefined ? [] : [...client.mountFlags, "--mount", bindMount(job.mount.from, job.mount.to)]),
    ...(job.bare === true ? ["--entrypoint", ""] : []),
    ...client.runFlags,
  ]
}

function imageAndCommand(job: ContainerJob, reference: string): readonly string[] {
  return [reference, ...job.command({ address: "0.0.0.0", port: inside })]
}

/** `--mount` takes comma-separated values: a path with a comma or a quote is quoted. */
function bindMount(from: string, to: string): string {
  return ["type=bind", `source=${from}`, `target=${to}`]
    .map((field) => (/[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field))
    .join(",")
}

async function pull(
  client: Client,
  host: RuntimeHost,
  { image, job }: { readonly image: RunnableImage; readonly job: ContainerJob },
): Promise<string> {
  const reference = `${client.address}/${image.location.repository}@${image.location.digest}`
  const [program, ...before] = client.argv
  const known = await host.run({
    argv: [program, ...before, "image", "inspect", reference],
    signal: job.signal,
    timeout: soon * 1000,
  })
  if (known.code === 0) return reference
  await using child = await host.start({
    argv: [program, ...before, "pull", ...client.pullFlags, reference],
    signal: job.signal,
    timeout: 3_600_000,
  })
  const lines = followLines([child.stdout, child.stderr], job.say)
  const { code } = await child.ended
  await lines.read
  job.signal.throwIfAborted()
  if (code === 0) return reference
  throw new Failure("cannot", `${client.name} cannot pull ${image.name} from the local store`, {
    detail: lines.tail().slice(-10).join("\n"),
    hint: "Run `nbstacks store verify`, or choose another runtime with `--runtime bubblewrap`",
  })
}

/** The port is known a moment after the container has started; one that ended at once has none. */
async function publishedPort(
  client: Client,
  host: RuntimeHost,
  { name, job, ended }: { readonly name: string; readonly job: ContainerJob; readonly ended: () => boolean },
): Promise<number> {
  const [program, ...before] = client.argv
  const deadline = host.elapsed() + soon * 1000
  while (!ended() && host.elapsed() < deadline) {
    const answer = await host.run({
      argv: [program, ...before, "port", name, `${inside}/tcp`],
      signal: job.signal,
      timeout: 30_000,
    })
    const found = /^127\.0\.0\.1:(\d+)\s*$/m.exec(answer.stdout)
    if (answer.code === 0 && found?.[1] !== undefined) return Number(found[1])
    await host.sleep(100, job.signal)
  }
  return 0
}

/**
 * Without the job's signal: what was started is taken away also when the job was aborted. A daemon that is removing the
 * container itself, or whose file system is busy for a moment, says no to the first attempt.
 */
async function remove(client: Client, host: RuntimeHost, name: string): Promise<void> {
  const [program, ...before] = client.argv
  for (let attempt = 0; attempt < 10; attempt++) {
    await host.run({ argv: [program, ...before, "rm", "--force", name], timeout: 30_000 })
    const left = await host.run({ argv: [program, ...before, "container", "inspect", name], timeout: 30_000 })
    if (left.code !== 0) return
    await host.sleep(500)
  }
}
