import { KernelAPI, KernelConnection, SessionAPI } from "@jupyterlab/services"
import { Failure } from "../../failure.ts"
import { withoutControls } from "../runtime/lines.ts"
import type { Connection } from "./connection.ts"

/** How a cell ended. */
export type Ran =
  | { readonly status: "ok" }
  | { readonly status: "error"; readonly name: string; readonly value: string; readonly traceback: string }
  /** The kernel's process ended, was restarted, or cannot be reached any more. */
  | { readonly status: "dead" }
  | { readonly status: "timeout" }
  /** It asked for input, which nobody can give. */
  | { readonly status: "input" }

export type Limits = { readonly timeout: number; readonly signal: AbortSignal }

/** A running kernel. Disposing shuts it down. */
export type Kernel = AsyncDisposable & {
  readonly name: string
  /** In lower case, as its `kernel_info_reply` says. */
  readonly language: string
  readonly isDead: () => boolean
  /** Runs code to its end; `timeout` in seconds. After `timeout` the kernel has been interrupted. */
  run(code: string, limits: Limits): Promise<Ran>
}

/**
 * Starts a kernel and waits until it answers, `timeout` seconds at most. With `path`, it is the kernel of that notebook
 * and works in its folder. Fails with `no` when it does not start.
 */
export async function startKernel(
  connection: Connection,
  { name, path, timeout, signal }: Limits & { readonly name: string; readonly path?: string },
): Promise<Kernel> {
  const { settings } = connection
  const model =
    path === undefined
      ? await KernelAPI.startNew({ name }, settings)
      : (await SessionAPI.startSession({ path, name: path, type: "notebook", kernel: { name } }, settings)).kernel
  if (model === null) throw new Failure("no", `The server did not start the kernel ${name}`)
  const kernel = new KernelConnection({ model, serverSettings: settings, handleComms: false })
  // A kernel that was restarted is a dead one for us. The library would reconnect, and nobody hears if that fails.
  Object.assign(kernel, { reconnect: async () => undefined })
  let isDead = false
  let wasConnected = false
  const died = new Promise<Extract<Ran, { status: "dead" }>>((resolve) => {
    const die = (): void => {
      isDead = true
      resolve({ status: "dead" })
    }
    kernel.statusChanged.connect((_, status) => {
      if (["dead", "restarting", "autorestarting", "terminating"].includes(status)) die()
    })
    kernel.connectionStatusChanged.connect((_, status) => {
      if (status === "connected") wasConnected = true
      else if (status === "disconnected" || wasConnected) die()
    })
  })
  const dispose = async (): Promise<void> => {
    kernel.dispose()
    // The server, or the kernel, may be gone already; its container is taken away in the end.
    await KernelAPI.shutdownKernel(model.id, settings).catch(() => undefined)
  }
  try {
    const info = kernel.info.then((content) => ({ status: "ok" as const, content }))
    info.catch(() => undefined)
    const first = await within(Promise.race([info, died]), { timeout, signal })
    if (first.status === "timeout") throw new Failure("no", `The kernel ${name} did not answer within ${timeout} s`)
    if (first.status === "dead") throw new Failure("no", `The kernel ${name} died while it started`)
    return {
      name,
      language: first.content.language_info.name.toLowerCase(),
      isDead: () => isDead,
      async run(code, limits) {
        if (isDead) return { status: "dead" }
        const ran = await within(Promise.race([execute(kernel, code), died]), limits)
        if (ran.status === "timeout" || ran.status === "input") await kernel.interrupt().catch(() => undefined)
        return ran
      },
      [Symbol.asyncDispose]: dispose,
    }
  } catch (error) {
    await dispose()
    throw error
  }
}

async function execute(kernel: KernelConnection, code: string): Promise<Ran> {
  const future = kernel.requestExecute({ code, allow_stdin: false, stop_on_error: true, store_history: true })
  const input = new Promise<Ran>((resolve) => {
    future.onStdin = () => resolve({ status: "input" })
  })
  const done = future.done.then((reply): Ran => {
    if (reply.content.status === "ok") return { status: "ok" }
    if (reply.content.status === "abort" || !("ename" in reply.content)) {
      return { status: "error", name: "Aborted", value: "the kernel did not run the cell", traceback: "" }
    }
    const { ename, evalue, traceback } = reply.content
    if (ename === "StdinNotImplementedError") return { status: "input" }
    return {
      status: "error",
      name: ename,
      value: withoutControls(evalue),
      traceback: withoutControls((traceback ?? []).join("\n")),
    }
  })
  // Rejected when the kernel restarts or is disposed of: how it ended is told by its status.
  done.catch(() => undefined)
  return await Promise.race([done, input])
}

async function within<T>(
  promise: Promise<T>,
  { timeout, signal }: Limits,
): Promise<T | { readonly status: "timeout" }> {
  signal.throwIfAborted()
  const { promise: stopped, resolve, reject } = Promise.withResolvers<{ status: "timeout" }>()
  const abort = (): void => reject(signal.reason as Error)
  const timer = setTimeout(() => resolve({ status: "timeout" }), timeout * 1000)
  signal.addEventListener("abort", abort, { once: true })
  try {
    return await Promise.race([promise, stopped])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener("abort", abort)
  }
}
