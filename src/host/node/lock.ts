import * as fs from "node:fs/promises"
import { dirname } from "node:path"
import { randomBytes } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import { Failure } from "../../failure.ts"
import type { Files } from "../files.ts"

/** A file that names its holder: process id and the time at which that process started, which tells a reused id. */
export const lock: Files["lock"] = async (path, { timeout, signal }) => {
  await fs.mkdir(dirname(path), { recursive: true })
  const mine = `${process.pid} ${await startTime(process.pid)} ${randomBytes(8).toString("hex")}`
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`
  await fs.writeFile(temporary, mine)
  const deadline = performance.now() + timeout
  try {
    for (let wait = 2; ; wait = Math.min(wait * 2, 100)) {
      signal?.throwIfAborted()
      if (await linked(temporary, path)) break
      await dropIfDead(path)
      if (performance.now() > deadline) {
        const holder = (await fs.readFile(path, "utf8").catch(() => "")).split(" ")[0] ?? ""
        throw new Failure("temporary", `Another process holds ${path}${holder === "" ? "" : ` (process ${holder})`}`, {
          hint: "Wait for it to end, then run the command again",
        })
      }
      await sleep(wait + Math.random() * wait, undefined, signal === undefined ? {} : { signal })
    }
  } finally {
    await fs.rm(temporary, { force: true })
  }
  return {
    async [Symbol.asyncDispose]() {
      if ((await fs.readFile(path, "utf8").catch(() => "")) === mine) await fs.rm(path, { force: true })
    },
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await fs.link(from, to)
    return true
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false
    throw error
  }
}

/**
 * Takes away a lock whose process is gone. It is first renamed to a name that only we know, then looked at
 * again: of two processes that saw the same dead lock, one renames it, and a fresh lock caught by mistake goes back.
 */
async function dropIfDead(path: string): Promise<void> {
  const seen = await fs.readFile(path, "utf8").catch(() => undefined)
  if (seen === undefined || !(await isDead(seen))) return
  const aside = `${path}.${randomBytes(6).toString("hex")}.dead`
  try {
    await fs.rename(path, aside)
  } catch {
    return
  }
  const caught = await fs.readFile(aside, "utf8")
  if (caught !== seen) await fs.link(aside, path).catch(() => undefined)
  await fs.rm(aside, { force: true })
}

async function isDead(content: string): Promise<boolean> {
  const [pid = "", started = ""] = content.split(" ")
  if (!/^\d+$/.test(pid)) return false
  try {
    process.kill(Number(pid), 0)
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH"
  }
  return started !== "" && (await startTime(Number(pid))) !== started
}

/** Field 22 of /proc/PID/stat, in clock ticks since boot; `-` where there is no /proc. */
async function startTime(pid: number): Promise<string> {
  const stat = await fs.readFile(`/proc/${pid}/stat`, "utf8").catch(() => "")
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "-"
}
