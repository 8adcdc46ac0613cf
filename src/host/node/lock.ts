import * as fs from "node:fs"
import { dirname } from "node:path"
import { randomBytes } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import { Failure } from "../../failure.ts"
import type { Files } from "../files.ts"
import { makeFolder } from "./make-folder.ts"

/** When this process started; asked for once. */
let ours: string | undefined

/** A file that names its holder: process id and the time at which that process started, which tells a reused id. */
export const lock: Files["lock"] = async (path, { timeout, signal }) => {
  const mine = `${process.pid} ${(ours ??= startTime(process.pid))} ${randomBytes(8).toString("hex")}`
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`
  try {
    fs.writeFileSync(temporary, mine)
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error
    makeFolder(dirname(path))
    fs.writeFileSync(temporary, mine)
  }
  const deadline = performance.now() + timeout
  try {
    for (let wait = 2; ; wait = Math.min(wait * 2, 100)) {
      signal?.throwIfAborted()
      if (linked(temporary, path)) break
      dropIfDead(path)
      if (performance.now() > deadline) {
        const holder = (readIfThere(path) ?? "").split(" ")[0] ?? ""
        throw new Failure("temporary", `Another process holds ${path}${holder === "" ? "" : ` (process ${holder})`}`, {
          hint: "Wait for it to end, then run the command again",
        })
      }
      await sleep(wait + Math.random() * wait, undefined, signal === undefined ? {} : { signal })
    }
  } finally {
    fs.rmSync(temporary, { force: true })
  }
  return {
    async [Symbol.asyncDispose]() {
      if ((readIfThere(path) ?? "") === mine) fs.rmSync(path, { force: true })
    },
  }
}

function linked(from: string, to: string): boolean {
  try {
    fs.linkSync(from, to)
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
function dropIfDead(path: string): void {
  const seen = readIfThere(path)
  if (seen === undefined || !isDead(seen)) return
  const aside = `${path}.${randomBytes(6).toString("hex")}.dead`
  try {
    fs.renameSync(path, aside)
  } catch {
    return
  }
  if (readIfThere(aside) !== seen)
    try {
      fs.linkSync(aside, path)
    } catch {
      // Somebody else holds it by now.
    }
  fs.rmSync(aside, { force: true })
}

function isDead(content: string): boolean {
  const [pid = "", started = ""] = content.split(" ")
  if (!/^\d+$/.test(pid)) return false
  try {
    process.kill(Number(pid), 0)
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH"
  }
  return started !== "" && startTime(Number(pid)) !== started
}

/** Field 22 of /proc/PID/stat, in clock ticks since boot; `-` where there is no /proc. */
function startTime(pid: number): string {
  const stat = readIfThere(`/proc/${pid}/stat`) ?? ""
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "-"
}

function readIfThere(path: string): string | undefined {
  try {
    return fs.readFileSync(path, "utf8")
  } catch {
    return undefined
  }
}
