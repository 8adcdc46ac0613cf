import type { Digest } from "../oci/digest.ts"
import type { Platform } from "../oci/platform.ts"
import { formatReference, parseReference } from "../oci/reference.ts"
import { parallel } from "../parallel.ts"
import type { Answers, Questions } from "./update.ts"

/** What is asked of the outside to write a lock. Each fails with a `Failure`, and ends when the signal is aborted. */
export type Outside = {
  /** Digests of an image's platform manifests. The reference has a host. */
  resolveImage(
    reference: string,
    platforms: readonly Platform[],
    signal: AbortSignal,
  ): Promise<Readonly<Record<Platform, Digest>>>
  /** Everything that a Debian root with these packages has now. */
  resolveDebian(
    request: { readonly suite: string; readonly packages: readonly string[]; readonly platform: Platform },
    signal: AbortSignal,
  ): Promise<readonly { readonly name: string; readonly version: string }[]>
  /** The sha256 (hexadecimal) of what a URL gives. */
  hashUrl(url: string, signal: AbortSignal): Promise<string>
}

/** Registries and URLs that are asked at once. Debian is asked one after another: that needs this machine. */
const together = 8

/** Asks all questions. The first failure ends it. */
export async function askOutside(questions: Questions, outside: Outside, signal: AbortSignal): Promise<Answers> {
  const images = await parallel(questions.images, together, async ({ reference, platforms }) => {
    signal.throwIfAborted()
    return [reference, await outside.resolveImage(withHost(reference), platforms, signal)] as const
  })
  const urls = await parallel(questions.urls, together, async (url) => {
    signal.throwIfAborted()
    return [url, await outside.hashUrl(url, signal)] as const
  })
  const debian: Record<string, Record<Platform, Record<string, string>>> = {}
  const known = new Map<string, Record<string, string>>()
  for (const { row, ...request } of questions.debian) {
    signal.throwIfAborted()
    const key = JSON.stringify(request)
    const versions =
      known.get(key) ??
      Object.fromEntries((await outside.resolveDebian(request, signal)).map(({ name, version }) => [name, version]))
    known.set(key, versions)
    ;(debian[row] ??= {})[request.platform] = versions
  }
  return { images: Object.fromEntries(images), urls: Object.fromEntries(urls), debian }
}

/** A reference as Docker completes it: one without a registry is Docker Hub's, as Dockerfiles write it. */
export function withHost(reference: string): string {
  const parsed = parseReference(reference)
  if (parsed === undefined || parsed.host !== undefined) return reference
  return formatReference(parseReference(`docker.io/${reference}`) ?? parsed)
}
