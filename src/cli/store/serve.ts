import { serveStore } from "../../oci/store/server/serve.ts"
import type { Context } from "../context.ts"
import { openLocalStore } from "./local-store.ts"

/** Serves the local store on loopback until the signal. Prints its address on stdout. */
export async function serve(
  { host, io, signal }: Context,
  { port }: { readonly port?: number | undefined },
): Promise<number> {
  const layout = await openLocalStore({ host })
  await using server = await serveStore(layout, host, { port })
  io.out(`${server.address}\n`)
  io.err(`Serving ${layout.folder}. Ctrl-C stops it.\n`)
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener("abort", () => resolve(), { once: true })
  })
  return 0
}
