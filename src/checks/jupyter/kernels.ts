import type { Connection } from "./connection.ts"
import { startKernel, type Kernel } from "./kernel.ts"
import { kernelLimit } from "./notebook.ts"

/** Kernels that several checks use, one of each name. A dead one is replaced. Disposing shuts all down. */
export type Kernels = AsyncDisposable & { get(name: string, signal: AbortSignal): Promise<Kernel> }

/** No kernel runs until it is asked for. */
export function sharedKernels(connection: Connection): Kernels {
  const running = new Map<string, Kernel>()
  return {
    async get(name, signal) {
      const known = running.get(name)
      if (known?.isDead() === false) return known
      if (known !== undefined) {
        running.delete(name)
        await known[Symbol.asyncDispose]()
      }
      const kernel = await startKernel(connection, { name, timeout: kernelLimit, signal })
      running.set(name, kernel)
      return kernel
    },
    async [Symbol.asyncDispose]() {
      for (const kernel of running.values()) await kernel[Symbol.asyncDispose]()
    },
  }
}
