import { z } from "zod"
import { Failure } from "../../../../failure.ts"
import type { Host } from "../../../../host/host.ts"
import type { Credentials } from "./credentials.ts"

const Answer = z.object({ Username: z.string(), Secret: z.string() })

/** Milliseconds: a helper may have to unlock a keyring or fetch a token itself. */
const timeout = 60_000

/**
 * Asks `docker-credential-NAME get` for a login; `undefined` if it has none. A helper that is not installed, ends
 * with another error, or answers in another form fails with `credentials`.
 * https://github.com/docker/docker-credential-helpers
 */
export async function askHelper(
  host: Pick<Host, "run">,
  {
    name,
    server,
    signal,
  }: { readonly name: string; readonly server: string; readonly signal?: AbortSignal | undefined },
): Promise<Credentials | undefined> {
  const program = `docker-credential-${name}`
  const hint = `Install \`${program}\`, or run \`docker login ${server}\` without it`
  if (!/^[A-Za-z0-9._-]+$/.test(name))
    throw new Failure("credentials", `\`${name}\` is not the name of a credential helper`)
  const finished = await host
    .run({ argv: [program, "get"], input: server, timeout, ...(signal === undefined ? {} : { signal }) })
    .catch((cause: unknown) => {
      if (signal?.aborted === true) throw cause
      throw new Failure("credentials", `Cannot start \`${program}\`, which has the login of ${server}`, { hint, cause })
    })
  if (finished.code !== 0) {
    const said = `${finished.stdout}\n${finished.stderr}`.trim()
    if (/credentials not found|no credentials|not found in native keychain/i.test(said)) return undefined
    throw new Failure(
      "credentials",
      `\`${program}\` did not give the login of ${server}: it ended with ${finished.code}`,
      {
        hint,
        detail: said.slice(-1000),
      },
    )
  }
  const parsed = Answer.safeParse(parseJson(finished.stdout))
  if (!parsed.success)
    throw new Failure("credentials", `\`${program}\` answered in another form than expected`, { hint })
  const { Username: username, Secret: secret } = parsed.data
  if (username === "" && secret === "") return undefined
  return username === "<token>" ? { kind: "identity", token: secret } : { kind: "password", username, password: secret }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
