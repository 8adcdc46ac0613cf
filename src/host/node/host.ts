import { randomBytes } from "node:crypto"
import { availableParallelism, homedir, tmpdir, totalmem } from "node:os"
import { setTimeout as sleep } from "node:timers/promises"
import { setFlagsFromString } from "node:v8"
import type { Host } from "../host.ts"
import { files } from "./files.ts"
import { makeHttp, serve } from "./http.ts"
import { run, start } from "./process.ts"

const architectures: Readonly<Record<string, string>> = {
  x64: "amd64",
  arm64: "arm64",
  arm: "arm",
  ia32: "386",
  ppc64: "ppc64le",
  s390x: "s390x",
}

/** The real machine, with an environment. */
export function makeHost(env: Readonly<Record<string, string | undefined>>): Host {
  return {
    env,
    files,
    http: makeHttp(env),
    serve,
    run: (command) => run({ ...command, env: command.env ?? env }),
    start: (command) => start({ ...command, env: command.env ?? env }),
    now: () => new Date(),
    elapsed: () => performance.now(),
    sleep: pause,
    random: (bytes) => randomBytes(bytes).toString("hex"),
    machine: {
      os: process.platform,
      architecture: architectures[process.arch] ?? process.arch,
      uid: process.geteuid?.() ?? -1,
      gid: process.getegid?.() ?? -1,
      cores: availableParallelism(),
      memory: totalmem(),
      home: env["HOME"] ?? homedir(),
      temporary: env["TMPDIR"] ?? tmpdir(),
      pid: process.pid,
    },
    // V8 reads it at each collection, so that it can be set while we run.
    saveMemory: () => setFlagsFromString("--memory-saver-mode"),
  }
}

/** Node rejects with an error of its own; the contract says with the signal's reason. */
async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  try {
    await sleep(milliseconds, undefined, signal === undefined ? {} : { signal })
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}
