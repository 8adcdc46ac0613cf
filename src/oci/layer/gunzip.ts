import { constants, createGunzip } from "node:zlib"
import { Failure } from "../../failure.ts"
import { zlibHandle } from "./zlib-handle.ts"

/** Inflates gzip, of any number of members, in this thread. */
export type Gunzip = {
  /** Gives what comes out of the next bytes in pieces, each valid only until `take` returns. */
  push(input: Uint8Array, take: (plain: Buffer) => void): void
  /** Fails where the last member has not ended. */
  end(take: (plain: Buffer) => void): void
}

const outputSize = 512 * 1024
const nothing = new Uint8Array(0)

/**
 * The same as `decompress` does for gzip, without waiting for other threads and without a new buffer for each piece. Bytes that
 * cannot be inflated fail with `cannot`; `what` names them there.
 */
export function gunzip(what: string): Gunzip {
  const zlib = zlibHandle(
    createGunzip(),
    outputSize,
    (message) => new Failure("cannot", `Cannot inflate ${what}`, { cause: new Error(message) }),
  )
  const steps = (flush: number, input: Uint8Array, take: (plain: Buffer) => void): void => {
    for (let at = 0; ;) {
      const { made, left } = zlib.step(flush, input, at)
      if (made > 0) take(zlib.output.subarray(0, made))
      at = input.length - left
      // A buffer that is not full: all of the input was used, or what is left are zeros after the last member.
      if (made < outputSize) return
    }
  }
  return {
    push: (input, take) => steps(constants.Z_NO_FLUSH, input, take),
    end: (take) => steps(constants.Z_FINISH, nothing, take),
  }
}
