const methods = ["debug", "log", "info", "warn", "error"] as const

let users = 0
let restore: (() => void) | undefined

/**
 * Keeps `@jupyterlab/services` from printing while it is in use: it writes to the console, `debug` even to stdout,
 * where data belongs. Nothing else here uses the console. What it says is dropped: its errors reach us as errors.
 */
export function quietConsole(): Disposable {
  if (users++ === 0) {
    const before = methods.map((method) => [method, console[method]] as const)
    for (const method of methods) console[method] = () => undefined
    restore = () => {
      for (const [method, original] of before) console[method] = original
    }
  }
  let over = false
  return {
    [Symbol.dispose]() {
      if (over) return
      over = true
      if (--users === 0) restore?.()
    },
  }
}
