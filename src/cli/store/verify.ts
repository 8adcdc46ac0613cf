import { bytes, count } from "../../report/format.ts"
import type { Context } from "../context.ts"
import { openLocalStore } from "./local-store.ts"

/** Reads everything in the local store and compares it with its digest. Broken blobs are moved aside. */
export async function verify({ host, io, signal }: Context): Promise<number> {
  const layout = await openLocalStore({ host })
  const { blobs, manifests, bytes: read, problems } = await layout.verify({ signal })
  for (const { message } of problems) io.out(`${message}\n`)
  io.err(
    `Read ${count(manifests, "manifest")} and ${count(blobs, "blob")}, ${bytes(read)}: ${problems.length === 0 ? "all is well" : count(problems.length, "problem")}.\n`,
  )
  const isMoved = problems.some(({ kind }) => kind === "damaged")
  if (problems.length > 0)
    io.err(
      isMoved
        ? "\nhint: Broken blobs were moved aside. `nbstacks build` makes or fetches them again\n"
        : "\nhint: What is missing is made or fetched by `nbstacks build`, or has to be pushed again by who pushed it\n",
    )
  return problems.length === 0 ? 0 : 1
}
