import type { Engine } from "./engine.ts"

/** An engine whose code is loaded when it is first asked for something: most runs of most commands build nothing. */
export function lazyEngine(what: Pick<Engine, "name" | "exchange">, load: () => Promise<Engine>): Engine {
  let loaded: Promise<Engine> | undefined
  const engine = (): Promise<Engine> => (loaded ??= load())
  return {
    ...what,
    can: async (step, platform) => await (await engine()).can(step, platform),
    execute: async (step, job) => await (await engine()).execute(step, job),
  }
}
