import { createHash } from "node:crypto"
import { join } from "node:path"
import type { Host } from "../../../host/host.ts"
import type { Handler, Server } from "../../../host/http.ts"
import type { Layout } from "../layout/layout.ts"
import { registryHandler } from "./handler.ts"

/** A store that is served: `address` is `127.0.0.1:PORT`, as it stands in references. */
export type StoreServer = Server & { readonly address: string }

/** So many ports are remembered: one for each process that serves the folder at the same time. */
const remembered = 8

/**
 * Serves a layout as a registry on loopback. Without `port` it takes the one that it had before, since engines know
 * blobs again by host and port; the first time one that is derived from the folder. Disposing ends open connections.
 *
 * @param options `port`: this one and no other; 0 takes any free one and remembers nothing.
 */
export async function serveStore(
  layout: Layout,
  host: Pick<Host, "files" | "elapsed" | "random" | "serve">,
  options: { readonly port?: number | undefined } = {},
): Promise<StoreServer> {
  const registry = registryHandler(layout, host)
  const server =
    options.port === undefined
      ? await takeSteady(layout, host, registry.handle)
      : await host.serve(registry.handle, { port: options.port })
  return {
    port: server.port,
    address: `127.0.0.1:${server.port}`,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await registry[Symbol.asyncDispose]()
    },
  }
}

async function takeSteady(
  layout: Layout,
  { files, serve }: Pick<Host, "files" | "serve">,
  handle: Handler,
): Promise<Server> {
  const path = join(layout.folder, "ports")
  const before = (await files.stat(path)) === undefined ? [] : readPorts(await files.readText(path))
  for (const port of [...new Set([...before, derivedPort(layout.folder)]), 0]) {
    try {
      const server = await serve(handle, { port })
      if (!before.includes(server.port))
        await files.write(path, `${[...before, server.port].slice(-remembered).join("\n")}\n`)
      return server
    } catch (error) {
      if (!isTaken(error) || port === 0) throw error
    }
  }
  throw new Error("port 0 is always free")
}

function readPorts(text: string): readonly number[] {
  return text
    .split("\n")
    .filter((line) => /^\d{1,5}$/.test(line))
    .map(Number)
    .filter((port) => port > 1023 && port < 65_536)
    .slice(-remembered)
}

/** Below the range from which systems take ports for outgoing connections. */
function derivedPort(folder: string): number {
  return 20_000 + (createHash("sha256").update(folder).digest().readUInt32BE() % 10_000)
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "EADDRINUSE" || error.code === "EACCES")
}
