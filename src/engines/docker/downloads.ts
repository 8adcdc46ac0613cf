import { Failure } from "../../failure.ts"
import type { Host } from "../../host/host.ts"
import { hasher } from "../../oci/digest.ts"

const redirects = 5
/** Nothing that an `ADD` downloads may be larger, in bytes. */
const maximumSize = 16 * 1024 ** 3

/**
 * The sha256 (hexadecimal) of what a URL gives now; redirects are followed. Fails with `temporary` when there is no
 * answer, with `cannot` when the answer is another than 200.
 */
export async function hashUrl(url: string, host: Pick<Host, "http">, signal?: AbortSignal): Promise<string> {
  let at = requireHttp(url)
  for (let count = 0; count <= redirects; count++) {
    const answer = await host
      .http({ method: "GET", url: at.href, ...(signal === undefined ? {} : { signal }) })
      .catch((cause: unknown) => {
        signal?.throwIfAborted()
        throw new Failure("temporary", `${at.host} does not answer for ${url}`, {
          cause,
          hint: "Run the command again",
        })
      })
    const location = answer.headers["location"]
    if (answer.status >= 300 && answer.status < 400 && location !== undefined) {
      await drain(answer.body)
      at = requireHttp(new URL(location, at).href)
      continue
    }
    if (answer.status !== 200) {
      await drain(answer.body)
      const code = answer.status >= 500 || answer.status === 429 ? "temporary" : "cannot"
      throw new Failure(code, `${url} answers with status ${answer.status}`, {
        hint: "Look at the address in the Dockerfile; if it is right, try again later",
      })
    }
    return await hashBody(answer.body, url)
  }
  throw new Failure("cannot", `${url} redirects more than ${redirects} times`, {
    hint: "Write the address in the Dockerfile where it leads to",
  })
}

/** Fails with `no` when a URL gives other bytes than those that are locked: Docker 20.10 cannot check that itself. */
export async function requireLockedUrls(
  urls: Readonly<Record<string, string>>,
  host: Pick<Host, "http">,
  signal: AbortSignal,
): Promise<void> {
  for (const [url, sha256] of Object.entries(urls)) {
    if ((await hashUrl(url, host, signal)) === sha256) continue
    throw new Failure("no", `${url} gives other bytes than those that are locked`, {
      hint: "If that is right, run `nbstacks lock --upgrade`",
    })
  }
}

async function hashBody(body: AsyncIterable<Uint8Array>, url: string): Promise<string> {
  const hash = hasher()
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > maximumSize)
      throw new Failure("cannot", `${url} gives more than 16 GiB`, { hint: "Take another file, or fetch it in a RUN" })
    hash.update(chunk)
  }
  return hash.digest().slice("sha256:".length)
}

function requireHttp(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === "http:" || url?.protocol === "https:") return url
  throw new Failure("cannot", `${text} is no HTTP address`, {
    hint: "Write it as `https://HOST/PATH` in the Dockerfile, or fetch it in a RUN",
  })
}

async function drain(body: AsyncIterable<Uint8Array>): Promise<void> {
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > 1024 * 1024) return
  }
}
