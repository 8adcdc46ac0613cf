import { join } from "node:path"
import type { Child } from "../../src/host/process.ts"
import type { Host } from "../../src/host/host.ts"

/** How a registry lets people in. */
export type RegistryAuth =
  /** The one user `jovyan` with the password `correct-horse`. */
  | { readonly kind: "basic" }
  /** Tokens that somebody with the certificate's key signed. */
  | {
      readonly kind: "token"
      readonly realm: string
      readonly service: string
      readonly issuer: string
      readonly certificate: string
    }

export type RegistryFixture = {
  readonly auth?: RegistryAuth
  /** Paths of PEM files. */
  readonly tls?: { readonly certificate: string; readonly key: string }
}

export type RunningRegistry = AsyncDisposable & {
  /** `127.0.0.1:PORT`. */
  readonly address: string
  /** Where it keeps everything. */
  readonly folder: string
}

/** The login that a registry with basic auth takes. */
export const registryLogin = { kind: "password", username: "jovyan", password: "correct-horse" } as const

/** bcrypt of that password; the registry takes no other form. */
const htpasswd = "jovyan:$2b$04$CwxHRmYuUw8OU84m3YC0c.5ooBK31OYgTnzCKVhuBB/Hk0WXDEw.q\n"

/** Starts the CNCF registry (`docker-registry` of Debian) on a free port of loopback, with an empty folder of its own. */
export async function startRegistry(host: Host, fixture: RegistryFixture = {}): Promise<RunningRegistry> {
  const folder = await host.files.makeTemporary("nbstacks-registry-")
  const config = join(folder, "config.json")
  await host.files.write(join(folder, "htpasswd"), htpasswd)
  // YAML, of which JSON is a part.
  await host.files.write(config, JSON.stringify(configuration(folder, fixture)))
  const child = await host.start({
    argv: ["docker-registry", "serve", config],
    env: { PATH: host.env["PATH"], OTEL_TRACES_EXPORTER: "none" },
  })
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL")
    await child[Symbol.asyncDispose]()
    await host.files.remove(folder)
  }
  try {
    const address = await readUntil(child, /listening on (127\.0\.0\.1:\d+)/)
    return { address, folder, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function configuration(folder: string, { auth, tls }: RegistryFixture): object {
  const access =
    auth?.kind === "basic"
      ? { htpasswd: { realm: "test", path: join(folder, "htpasswd") } }
      : auth?.kind === "token"
        ? { token: { realm: auth.realm, service: auth.service, issuer: auth.issuer, rootcertbundle: auth.certificate } }
        : undefined
  return {
    version: "0.1",
    log: { level: "info", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, "data") }, delete: { enabled: true } },
    http: {
      addr: "127.0.0.1:0",
      secret: "test",
      ...(tls === undefined ? {} : { tls: { certificate: tls.certificate, key: tls.key } }),
    },
    ...(access === undefined ? {} : { auth: access }),
  }
}

/**
 * Reads a child's stderr and stdout until one of them has what is looked for, and gives its first group. What comes
 * later is read and dropped. Rejects with what was printed when the child ends first.
 */
export async function readUntil(child: Child, wanted: RegExp): Promise<string> {
  let text = ""
  return await new Promise<string>((resolve, reject) => {
    const read = async (stream: AsyncIterable<Uint8Array>): Promise<void> => {
      for await (const chunk of stream) {
        if (text.length > 1_000_000) continue
        text += Buffer.from(chunk).toString("utf8")
        const found = wanted.exec(text)?.[1]
        if (found !== undefined) resolve(found)
      }
    }
    const ended = Promise.allSettled([read(child.stdout), read(child.stderr)])
    ended.then(
      () => reject(new Error(`It ended before it was ready:\n${text.slice(-4000)}`)),
      () => undefined,
    )
  })
}
