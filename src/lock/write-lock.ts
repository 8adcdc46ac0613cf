import { join } from "node:path"
import type { Host } from "../host/host.ts"
import { lockFile, type Lock } from "./lock.ts"

const header = "# Written by `nbstacks lock`. Commit it; do not edit it.\n"

/** The text of a lock: sorted, the same for the same lock. Parts that are empty are left out. */
export function printLock(lock: Lock): string {
  const { version, images, urls, debian, refresh } = lock
  const parts = Object.entries({ images, urls, debian, refresh }).filter(([, part]) => Object.keys(part).length > 0)
  return `${header}version: ${version}\n${parts.map(([name, part]) => `${name}:\n${print(part, "  ")}`).join("")}`
}

/** Writes the lock of a tree's folder. Gives false, and touches nothing, when it is there already to the byte. */
export async function writeLock(folder: string, lock: Lock, host: Pick<Host, "files">): Promise<boolean> {
  const path = join(folder, lockFile)
  const text = printLock(lock)
  const before = (await host.files.stat(path)) === undefined ? undefined : await host.files.readText(path)
  if (before === text) return false
  await host.files.write(path, text)
  return true
}

type Part = { readonly [name: string]: string | Part }

function print(part: Part, indent: string): string {
  return Object.keys(part)
    .sort()
    .map((name) => {
      const value = part[name]
      if (typeof value === "string") return `${indent}${scalar(name)}: ${scalar(value)}\n`
      if (value === undefined || Object.keys(value).length === 0) return `${indent}${scalar(name)}: {}\n`
      return `${indent}${scalar(name)}:\n${print(value, `${indent}  `)}`
    })
    .join("")
}

/** Plain where no reader of YAML can take it for anything else; JSON's quotes otherwise, which are YAML's too. */
function scalar(text: string): string {
  const plain =
    /^[A-Za-z][\w./@+~-]*(?::[\w./@+~-]+)*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text)
  return plain ? text : JSON.stringify(text)
}
