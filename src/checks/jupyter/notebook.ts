import { createHash } from "node:crypto"
import { basename } from "node:path"
import { ServerConnection } from "@jupyterlab/services"
import type { Clock } from "../../host/clock.ts"
import type { NotebookCheck } from "../../tree/checks.ts"
import type { Verdict } from "../verdict.ts"
import type { Connection } from "./connection.ts"
import { startKernel, type Ran } from "./kernel.ts"
import { chooseKernel, type KernelMenu } from "./kernel-menu.ts"
import { readNotebook, type NotebookCell } from "./notebook-file.ts"

export type NotebookRun = {
  readonly check: NotebookCheck
  readonly bytes: Uint8Array
  readonly menu: KernelMenu
  readonly declared: readonly string[]
  readonly signal: AbortSignal
}

/** How long a kernel may take until it answers, in seconds. */
export const kernelLimit = 60

/**
 * Uploads a notebook, alone, into a fresh folder of the server, and runs it cell by cell within its timeout. Files beside
 * it are not there: what a notebook needs is in the image, or its check key would not know that it changed.
 */
export async function checkNotebook(
  host: Pick<Clock, "elapsed" | "random">,
  connection: Connection,
  { check, bytes, menu, declared, signal }: NotebookRun,
): Promise<Verdict> {
  if (createHash("sha256").update(bytes).digest("hex") !== check.sha256) {
    return { passed: false, message: `${check.path} has changed since the checks were planned` }
  }
  const notebook = readNotebook(bytes)
  if ("no" in notebook) return { passed: false, message: `${check.path} cannot be run: ${notebook.no}` }
  const name = chooseKernel(notebook, menu, declared)
  if (typeof name !== "string") return { passed: false, message: `${check.path} cannot be run: ${name.no}` }
  const path = await upload(connection, {
    folder: `nbstacks-check-${host.random(6)}`,
    file: basename(check.path),
    bytes,
  })
  const deadline = host.elapsed() + check.timeout * 1000
  await using kernel = await startKernel(connection, {
    name,
    path,
    timeout: Math.min(kernelLimit, check.timeout),
    signal,
  })
  for (const cell of notebook.cells) {
    const timeout = Math.max(0, deadline - host.elapsed()) / 1000
    const ran = await kernel.run(cell.source, { timeout, signal })
    if (ran.status === "ok" || (ran.status === "error" && cell.mayFail && ran.name !== "Aborted")) continue
    return explain(ran, cell, check.timeout)
  }
  const count = notebook.cells.length
  return { passed: true, message: `${count} ${count === 1 ? "cell" : "cells"} in ${name}` }
}

function explain(ran: Exclude<Ran, { status: "ok" }>, { number, source }: NotebookCell, timeout: number): Verdict {
  const cell = `cell ${number}`
  if (ran.status === "error") {
    const message = `${cell} failed: ${ran.name}: ${firstLine(ran.value)}`
    return { passed: false, message, detail: ran.traceback || source }
  }
  const messages = {
    dead: `the kernel died in ${cell}`,
    timeout: `${cell} was still running when the notebook's ${timeout} s were over`,
    input: `${cell} asked for input, which nobody can give here`,
  }
  return { passed: false, message: messages[ran.status], detail: source }
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? ""
}

async function upload(
  connection: Connection,
  { folder, file, bytes }: { readonly folder: string; readonly file: string; readonly bytes: Uint8Array },
): Promise<string> {
  await put(connection, folder, { type: "directory" })
  const path = `${folder}/${file}`
  await put(connection, path, { type: "file", format: "base64", content: Buffer.from(bytes).toString("base64") })
  return path
}

async function put({ settings }: Connection, path: string, model: object): Promise<void> {
  const url = `${settings.baseUrl}api/contents/${path.split("/").map(encodeURIComponent).join("/")}`
  const answer = await ServerConnection.makeRequest(url, { method: "PUT", body: JSON.stringify(model) }, settings)
  if (answer.status === 200 || answer.status === 201) return
  throw await ServerConnection.ResponseError.create(answer)
}
