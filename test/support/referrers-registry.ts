import type { Host } from "../../src/host/host.ts"
import { buildGo } from "./go-program.ts"
import { readUntil } from "./registry.ts"

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

/** Starts go-containerregistry's registry, in memory, which has the referrers API and names no ETag. */
export async function startReferrersRegistry(host: Host): Promise<AsyncDisposable & { readonly address: string }> {
  const name = "referrers-registry"
  const program = await buildGo(host, {
    name,
    module: "github.com/google/go-containerregistry",
    version: "v0.20.6",
    main,
  })
  const child = await host.start({ argv: [program] })
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
