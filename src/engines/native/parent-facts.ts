import { createHash } from "node:crypto"
import { join } from "node:path"
import { cacheFolder } from "../../files/cache-folder.ts"
import type { Host } from "../../host/host.ts"
import { canonicalJson } from "../../oci/canonical-json.ts"
import type { Image } from "../../oci/image.ts"
import type { Merged } from "../../oci/merged.ts"
import { environmentLabel } from "../../tree/labels.ts"
import { findEnvironment, type Environment } from "./environment.ts"
import { installedIn, type Installed } from "./installed.ts"

/** What packages that are added to an image have to know of it. */
export type ParentFacts = { readonly environment: Environment; readonly installed: Installed }

/** Rises when the same image gives other facts. */
const format = 1

type Kept = {
  readonly environment: Environment
  readonly distributions: readonly (readonly [string, string])[]
  readonly metadata: readonly (readonly [string, readonly string[]])[]
  readonly files: readonly string[]
  readonly folders: readonly string[]
}

/**
 * The environment of an image and what is in it: from the cache, by all that decides them, else from its files, and kept.
 * Fails as `findEnvironment` does; `name` is the row's, for messages.
 */
export async function parentFacts(
  host: Pick<Host, "files" | "env" | "machine">,
  image: Image,
  { name, merged }: { readonly name: string; readonly merged: () => Promise<Merged> },
): Promise<ParentFacts> {
  const { config, layers } = image
  const decisive = {
    format,
    env: config.Env ?? [],
    label: config.Labels?.[environmentLabel] ?? null,
    layers: layers.map(({ diffId }) => diffId),
  }
  const path = join(cacheFolder(host), "parents", `${hashOf(canonicalJson(decisive))}.json`)
  const kept = checked(await host.files.readText(path).catch(() => ""))
  if (kept !== undefined) return unpacked(kept)
  const files = await merged()
  const environment = await findEnvironment(image, files, name)
  const installed = installedIn(files, environment.prefix)
  const text = JSON.stringify({
    environment,
    distributions: [...installed.distributions],
    metadata: [...installed.metadata],
    files: [...installed.files],
    folders: [...installed.folders],
  } satisfies Kept)
  // What a power cut leaves of it does not match its hash.
  await host.files.write(path, `${hashOf(text)}\n${text}`, { flush: false })
  return { environment, installed }
}

function checked(text: string): Kept | undefined {
  const body = text.slice(text.indexOf("\n") + 1)
  return text.startsWith(`${hashOf(body)}\n`) ? (JSON.parse(body) as Kept) : undefined
}

function unpacked({ environment, distributions, metadata, files, folders }: Kept): ParentFacts {
  const installed = {
    distributions: new Map(distributions),
    metadata: new Map(metadata),
    files: new Set(files),
    folders: new Set(folders),
  }
  return { environment, installed }
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex")
}
