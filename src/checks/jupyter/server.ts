import { Failure } from "../../failure.ts"
import type { RunnableImage } from "../image.ts"
import type { Container, Listen, Mount, Runtime, RuntimeHost } from "../runtime/runtime.ts"
import { connectionTo, type Connection, type JupyterHost } from "./connection.ts"

/** How long a server may take until it answers, in seconds. */
const startLimit = 30

export type ServerOptions = {
  readonly runtime: Runtime
  readonly mount?: Mount
  readonly port?: number
  readonly signal: AbortSignal
  readonly say: (line: string) => void
}

/** A Jupyter server in a container. Disposing stops the container. */
export type Server = AsyncDisposable & {
  readonly container: Container
  readonly connection: Connection
  /** What its own process has on its command line and no other. */
  readonly mark: string
}

/**
 * Starts `jupyter lab` with the image's own entrypoint and waits until it answers. The token is in the environment,
 * which other users of the machine cannot see. Fails with `no` when it does not answer in time, with its last lines.
 */
export async function startServer(
  host: RuntimeHost & JupyterHost,
  image: RunnableImage,
  { runtime, mount, port, signal, say }: ServerOptions,
): Promise<Server> {
  const token = host.random(24)
  let mark = ""
  const container = await runtime.start(image, {
    command: (listen) => {
      mark = `--port=${listen.port}`
      return labCommand(listen)
    },
    env: { JUPYTER_TOKEN: token },
    ...(mount === undefined ? {} : { mount }),
    ...(port === undefined ? {} : { port }),
    signal,
    say,
  })
  try {
    const connection = connectionTo(host, { port: container.port, token, signal })
    await waitForAnswer(host, { image, container, connection, signal })
    return { container, connection, mark, [Symbol.asyncDispose]: () => container[Symbol.asyncDispose]() }
  } catch (error) {
    await container[Symbol.asyncDispose]()
    throw error
  }
}

function labCommand({ address, port }: Listen): readonly string[] {
  return [
    "jupyter",
    "lab",
    "--no-browser",
    `--ip=${address}`,
    `--port=${port}`,
    "--ServerApp.port_retries=0",
    "--ServerApp.base_url=/",
  ]
}

type Waiting = {
  readonly image: RunnableImage
  readonly container: Container
  readonly connection: Connection
  readonly signal: AbortSignal
}

async function waitForAnswer(host: JupyterHost, { image, container, connection, signal }: Waiting): Promise<void> {
  let code: number | undefined
  void container.ended.then((end) => (code = end.code))
  const detail = (): { detail: string } => ({ detail: container.tail().slice(-20).join("\n") })
  const deadline = host.elapsed() + startLimit * 1000
  let refused = false
  while (host.elapsed() < deadline) {
    const last = code
    const status = await statusOf(host, connection, signal)
    if (status === 200) return
    refused = status === 401 || status === 403
    if (last !== undefined) {
      throw new Failure("no", `The server of ${image.name} ended with exit code ${last} before it answered`, {
        ...detail(),
        // What a shell says of a command that is not there.
        ...(last === 127
          ? { hint: `Is JupyterLab in the image? \`nbstacks run ${image.name} -- sh\` runs another command` }
          : {}),
      })
    }
    await host.sleep(100, signal)
  }
  if (refused) {
    throw new Failure("no", `The server of ${image.name} does not accept the token in JUPYTER_TOKEN`, {
      ...detail(),
      hint: "Remove the token or password from the image's Jupyter configuration",
    })
  }
  throw new Failure("no", `The server of ${image.name} did not answer within ${startLimit} s`, detail())
}

async function statusOf(host: JupyterHost, connection: Connection, signal: AbortSignal): Promise<number | undefined> {
  try {
    const answer = await host.http({
      method: "GET",
      url: `${connection.baseUrl}api/status`,
      headers: { authorization: `token ${connection.token}` },
      signal,
      timeout: 5_000,
    })
    for await (const _ of answer.body);
    return answer.status
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}
