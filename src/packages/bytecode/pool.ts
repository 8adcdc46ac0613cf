import type { Host } from "../../host/host.ts"
import { compileWheel, type Compiling, type Pack, type WheelFile } from "./compile-wheel.ts"
import { sourceReader } from "./source-reader.ts"

/** Compiles wheels side by side, a process for each. Disposing ends the thread that reads wheels. */
export type BytecodePool = AsyncDisposable & {
  readonly processes: number
  /** As `compileWheel`; waits while as many processes as may be are busy. */
  compile(wheel: WheelFile, compiling: Omit<Compiling, "host" | "reader">): Promise<Pack>
}

/** A pool of at most so many processes, for all rows that are built at the same time. Nothing is started yet. */
export function bytecodePool(host: Pick<Host, "files" | "start">, processes: number): BytecodePool {
  const reader = sourceReader()
  const waiting: (() => void)[] = []
  let busy = 0
  const turn = async (): Promise<void> => {
    if (busy === processes) await new Promise<void>((resolve) => waiting.push(resolve))
    else busy += 1
  }
  const done = (): void => {
    const next = waiting.shift()
    if (next === undefined) busy -= 1
    else next()
  }
  return {
    processes,
    async compile(wheel, compiling) {
      await turn()
      try {
        return await compileWheel(wheel, { ...compiling, host, reader })
      } finally {
        done()
      }
    },
    [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
  }
}
