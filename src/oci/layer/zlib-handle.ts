import type { Transform } from "node:stream"

/**
 * zlib's state as Node has it. Node's own functions make a new one for each stream, and its streams a new buffer for each piece;
 * reaching for the state is how npm's `minizlib` works too, and the form has not changed since Node 12.
 */
type Handle = {
  reset(): void
  /** Flush, input with place and length, output with place and length; leaves what is over in the write state. */
  writeSync(...call: [number, Uint8Array | null, number, number, Uint8Array, number, number]): void
  onerror: (message: string, errno: number, code: string) => void
}

/** zlib, step by step and in this thread, into one buffer that is used again and again. */
export type ZlibHandle = {
  /** Begins a new stream. */
  reset(): void
  /** What was made of the input from a place on, valid until the next step, and how much of the input is left. */
  step(flush: number, input: Uint8Array, at: number): { readonly made: number; readonly left: number }
  readonly output: Buffer
}

/**
 * Opens the state behind one of Node's zlib streams, which must not be used otherwise. Fails when this Node keeps it
 * elsewhere, which a test would have seen.
 *
 * @param size Of the buffer, in bytes: a step that fills it has more to give.
 * @param problem Makes the error for what zlib says of a bad stream.
 */
export function zlibHandle(stream: Transform, size: number, problem: (message: string) => Error): ZlibHandle {
  const { _handle: handle, _writeState: state } = stream as unknown as { _handle?: Handle; _writeState?: Uint32Array }
  if (handle === undefined || state === undefined || typeof handle.writeSync !== "function")
    throw new Error(`Node ${process.versions.node} keeps its zlib where it cannot be used`)
  const output = Buffer.allocUnsafeSlow(size)
  let said: string | undefined
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- it is no event target
  handle.onerror = (message) => {
    said = message
  }
  return {
    output,
    reset: () => handle.reset(),
    step(flush, input, at) {
      handle.writeSync(flush, input, at, input.length - at, output, 0, size)
      if (said !== undefined) {
        const message = said
        said = undefined
        throw problem(message)
      }
      return { made: size - (state[0] as number), left: state[1] as number }
    },
  }
}
