import { join } from "node:path"
import type { Host } from "../../src/host/host.ts"
import { findGo } from "./go.ts"
import { readUntil } from "./registry.ts"

const version = "v0.20.6"

const main = `package main

import (
	"fmt"
	"net"
	"net/http"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println("listening on " + listener.Addr().String())
	panic(http.Serve(listener, registry.New(registry.WithReferrersSupport(true))))
}
`

/** The program, built once for each version of it and kept in the user's cache. */
async function build(host: Host): Promise<string> {
  const cache = host.env["XDG_CACHE_HOME"] || join(host.machine.home, ".cache")
  const folder = join(cache, "nbstacks-test", `referrers-registry-${version}`)
  const program = join(folder, "referrers-registry")
  await using _lock = await host.files.lock(`${folder}.lock`, { timeout: 300_000 })
  if ((await host.files.stat(program)) !== undefined) return program
  await host.files.write(join(folder, "main.go"), main)
  await host.files.remove(join(folder, "go.mod"))
  const go = await findGo(host)
  for (const argv of [
    [go, "mod", "init", "referrers-registry"],
    [go, "get", `github.com/google/go-containerregistry@${version}`],
    [go, "build", "-o", `${program}.new`, "."],
  ] as const) {
    const made = await host.run({ argv: [...argv], cwd: folder, timeout: 300_000 })
    if (made.code !== 0) throw new Error(`${argv.join(" ")}: ${made.stderr}`)
  }
  await host.files.rename(`${program}.new`, program)
  return program
}

/** Starts go-containerregistry's registry, in memory, which has the referrers API and names no ETag. */
export async function startReferrersRegistry(host: Host): Promise<AsyncDisposable & { readonly address: string }> {
  const child = await host.start({ argv: [await build(host)] })
  try {
    const address = await readUntil(child, /listening on (127\.0\.0\.1:\d+)/)
    return {
      address,
      [Symbol.asyncDispose]: async () => {
        child.kill("SIGKILL")
        await child[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await child[Symbol.asyncDispose]()
    throw error
  }
}
