import { Failure } from "../../failure.ts"
import type { Host } from "../../host/host.ts"
import type { SecretFile } from "./arguments.ts"
import { makeWorkFolder } from "../work-folder.ts"

/** The reserved id under which the host's certificates are offered. */
export const certificatesId = "ca_bundle"

/** Variables that name the host's bundle, then the places where systems keep it. */
const variables: readonly string[] = [
  "SSL_CERT_FILE",
  "REQUESTS_CA_BUNDLE",
  "CURL_CA_BUNDLE",
  "PIP_CERT",
  "NODE_EXTRA_CA_CERTS",
]
const places: readonly string[] = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
]

/** The file with the certificates that this machine trusts, or undefined if there is none. */
export async function certificatesOf(host: Pick<Host, "env" | "files">): Promise<string | undefined> {
  for (const path of [...variables.map((name) => host.env[name]), ...places]) {
    if (path === undefined || !path.startsWith("/")) continue
    const real = await host.files.realPath(path).catch(() => undefined)
    if (real !== undefined && (await host.files.stat(real))?.kind === "file") return real
  }
  return undefined
}

export type SecretRequest = {
  readonly ids: readonly string[]
  readonly read: (id: string) => Promise<Uint8Array>
  /** Whether the Dockerfile asks for the host's certificates. */
  readonly wantsCertificates: boolean
}

/** Disposing removes the files. */
export type Secrets = AsyncDisposable & {
  readonly files: readonly SecretFile[]
  /** A line of output with the values of secrets taken out. */
  readonly hide: (line: string) => string
}

type SecretHost = Pick<Host, "env" | "files" | "machine">

/** Writes secrets as files that only this user can read, in memory where the system has a place for that. */
export async function writeSecrets(request: SecretRequest, host: SecretHost): Promise<Secrets> {
  const inMemory = host.env["XDG_RUNTIME_DIR"]
  const isThere = inMemory !== undefined && (await host.files.stat(inMemory))?.kind === "directory"
  const folder = await makeWorkFolder("secrets", host, isThere ? inMemory : host.machine.temporary)
  try {
    const written = await writeAll(request, { host, folder })
    return { ...written, [Symbol.asyncDispose]: () => host.files.remove(folder) }
  } catch (error) {
    await host.files.remove(folder)
    throw error
  }
}

async function writeAll(
  request: SecretRequest,
  { host, folder }: { readonly host: SecretHost; readonly folder: string },
): Promise<Pick<Secrets, "files" | "hide">> {
  const files: SecretFile[] = []
  const values: string[] = []
  for (const [at, id] of request.ids.entries()) {
    if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(id))
      throw new Failure("cannot", `\`${id}\` is no name of a secret`, {
        hint: "Name it with letters, digits, `_`, `.` and `-`",
      })
    const value = await request.read(id)
    const path = `${folder}/secret-${at}`
    await host.files.write(path, value, { mode: 0o600 })
    files.push({ id, path })
    values.push(...secretLines(value))
  }
  if (request.wantsCertificates && !request.ids.includes(certificatesId)) {
    const path = await certificatesOf(host)
    if (path !== undefined) files.push({ id: certificatesId, path })
  }
  const hide = (line: string): string => values.reduce((text, value) => text.replaceAll(value, "***"), line)
  return { files, hide }
}

/** What of a value could be recognised in a line: very short lines would hide innocent text. */
function secretLines(value: Uint8Array): readonly string[] {
  return Buffer.from(value)
    .toString("utf8")
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line.length >= 4)
    .sort((a, b) => b.length - a.length)
}
