import type { Host } from "../../src/host/host.ts"
import { buildGo } from "./go-program.ts"

const main = `package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path"

	"github.com/containerd/stargz-snapshotter/estargz"
	digest "github.com/opencontainers/go-digest"
)

func main() {
	file, err := os.Open(os.Args[1])
	must(err)
	stat, err := file.Stat()
	must(err)
	reader, err := estargz.Open(io.NewSectionReader(file, 0, stat.Size()))
	must(err)
	verifier, err := reader.VerifyTOC(digest.Digest(os.Args[2]))
	must(err)
	root, ok := reader.Lookup("")
	if !ok {
		panic("there is no root")
	}
	walk(reader, verifier, root, "")
}

func walk(reader *estargz.Reader, verifier estargz.TOCEntryVerifier, at *estargz.TOCEntry, name string) {
	at.ForeachChild(func(base string, child *estargz.TOCEntry) bool {
		inner := path.Join(name, base)
		if child.Type == "reg" && child.Size > 0 {
			chunk, ok := reader.ChunkEntryForOffset(inner, 0)
			if !ok {
				panic("no chunk of " + inner)
			}
			check, err := verifier.Verifier(chunk)
			must(err)
			content, err := reader.OpenFile(inner)
			must(err)
			// At once: every read inflates the file from its start again.
			whole := make([]byte, child.Size)
			_, err = io.ReadFull(content, whole)
			must(err)
			check.Write(whole)
			if !check.Verified() {
				panic(inner + " is not what the table says")
			}
			fmt.Printf("%x %s\\n", sha256.Sum256(whole), inner)
		}
		walk(reader, verifier, child, inner)
		return true
	})
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
`

/**
 * Reads a layer as stargz-snapshotter does, file by file through its table of contents, by that project's own library.
 * Gives the SHA-256 of each file by its path; throws what the library says when something is wrong.
 */
export async function readStargz(host: Host, blob: string, tocDigest: string): Promise<ReadonlyMap<string, string>> {
  const module = "github.com/containerd/stargz-snapshotter/estargz"
  const program = await buildGo(host, { name: "read-stargz-at-once", module, version: "v0.18.2", main })
  const { code, stdout, stderr } = await host.run({ argv: [program, blob, tocDigest], timeout: 120_000 })
  if (code !== 0) throw new Error(stderr)
  return new Map(
    stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => [line.slice(65), line.slice(0, 64)]),
  )
}

const making = `package main

import (
	"fmt"
	"io"
	"os"

	"github.com/containerd/stargz-snapshotter/estargz"
)

func main() {
	file, err := os.Open(os.Args[1])
	must(err)
	stat, err := file.Stat()
	must(err)
	blob, err := estargz.Build(io.NewSectionReader(file, 0, stat.Size()), estargz.WithChunkSize(100000), estargz.WithMinChunkSize(50000))
	must(err)
	out, err := os.Create(os.Args[2])
	must(err)
	_, err = io.Copy(out, blob)
	must(err)
	must(out.Close())
	must(blob.Close())
	fmt.Print(blob.TOCDigest())
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
`

/**
 * Makes a layer in eStargz of an uncompressed archive, by that project's own library: large files in pieces, small ones several to a
 * gzip member. Gives the digest of its table of contents.
 */
export async function makeStargz(host: Host, archive: string, blob: string): Promise<string> {
  const module = "github.com/containerd/stargz-snapshotter/estargz"
  const program = await buildGo(host, { name: "make-stargz", module, version: "v0.18.2", main: making })
  const { code, stdout, stderr } = await host.run({ argv: [program, archive, blob], timeout: 120_000 })
  if (code !== 0) throw new Error(stderr)
  return stdout
}
