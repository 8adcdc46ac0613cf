import { join } from "node:path"
import { expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import { openLayout } from "../../src/oci/store/layout/layout.ts"
import { serveStore } from "../../src/oci/store/server/serve.ts"

const host = makeHost(process.env)
const checkout = process.env["NBSTACKS_CONFORMANCE"]

/** Everything that the official program can ask for, what it leaves out by itself included. */
const everything = {
  OCI_VERSION: "dev",
  OCI_TLS: "disabled",
  OCI_API_BLOBS_DIGEST_HEADER: "true",
  OCI_API_BLOBS_UPLOAD_CANCEL: "true",
  OCI_API_MANIFESTS_DIGEST_HEADER: "true",
  OCI_API_MANIFESTS_TAG_PARAM: "true",
  OCI_DATA_SPARSE: "true",
}

test.runIf(checkout)("the official program passes whole", async () => {
  const folder = await host.files.makeTemporary("nbstacks-conformance-")
  await using _folder = { [Symbol.asyncDispose]: () => host.files.remove(folder) }
  const program = join(folder, "conformance")
  const build = ["go", "build", "-buildvcs=false", "-o", program, "."] as const
  const built = await host.run({ argv: build, cwd: join(checkout ?? "", "conformance") })
  expect(built).toMatchObject({ code: 0 })

  await using server = await serveStore(openLayout(join(folder, "store"), host), host, { port: 0 })
  const finished = await host.run({
    argv: [program],
    cwd: folder,
    env: { ...process.env, ...everything, OCI_REGISTRY: server.address, OCI_RESULTS_DIR: join(folder, "results") },
    timeout: 300_000,
  })
  const counts = Object.fromEntries(
    [...finished.stdout.matchAll(/^ {2}(Disabled|Skip|Pass|FAIL|Error|Total)\.+: +(\d+)$/gm)].map((line) => [
      line[1],
      Number(line[2]),
    ]),
  )
  const total = counts["Total"] ?? 0
  const failed = finished.stdout.split("\n").filter((line) => /: (?:FAIL|Error|Skip)$/.test(line))
  expect(failed).toEqual([])
  expect(counts).toEqual({ Disabled: 0, Skip: 0, Pass: total, FAIL: 0, Error: 0, Total: total })
  expect(total).toBeGreaterThan(800)
})
