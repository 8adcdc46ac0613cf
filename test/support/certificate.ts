import { join } from "node:path"
import type { Host } from "../../src/host/host.ts"

/** A key and a certificate for 127.0.0.1 that nobody but the holder of this file trusts. */
export type Certificate = AsyncDisposable & {
  /** Paths of PEM files. */
  readonly certificate: string
  readonly key: string
}

/** Makes one with openssl, which Debian has wherever it has certificates. */
export async function makeCertificate(host: Host): Promise<Certificate> {
  const folder = await host.files.makeTemporary("nbstacks-certificate-")
  const [certificate, key] = [join(folder, "certificate.pem"), join(folder, "key.pem")]
  const made = await host.run({
    argv: [
      "openssl",
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-days",
      "2",
      "-subj",
      "/CN=nbstacks test",
      "-addext",
      "subjectAltName=IP:127.0.0.1",
      "-keyout",
      key,
      "-out",
      certificate,
    ],
    timeout: 60_000,
  })
  if (made.code !== 0) throw new Error(made.stderr)
  return { certificate, key, [Symbol.asyncDispose]: () => host.files.remove(folder) }
}
