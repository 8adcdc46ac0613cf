import { defineConfig, type ViteUserConfig } from "vitest/config"

const config: ViteUserConfig = defineConfig({
  test: {
    // V8 of Node 24 frees what it compiled for calls from WebAssembly, which strips the types of a thread's files, in one
    // thread while another uses it, once in a thousand threads: then the process dies. So it compiles nothing for them.
    execArgv: ["--wasm-wrapper-tiering-budget=1000000000"],
    setupFiles: ["test/support/compile-cache.ts"],
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["src/**/*.test.ts", "test/cases/**/*.test.ts", "test/house/**/*.test.ts"],
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          maxWorkers: 2,
          // Real daemons on a busy machine: one more try in CI, never while working here.
          retry: process.env["CI"] === undefined ? 0 : 1,
        },
      },
    ],
  },
})

export default config
