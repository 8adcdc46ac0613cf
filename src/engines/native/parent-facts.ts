import { join } from "node:path"
import { cacheFolder } from "../../files/cache-folder.ts"
import { readKept, writeKept } from "../../kept-text.ts"
import type { Host } from "../../host/host.ts"
import { canonicalJson } from "../../oci/canonical-json.ts"
import { digestOf, partsOf } from "../../oci/digest.ts"
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
    layers: layers.map(({ descriptor }) => descriptor.digest),
  }
  const path = join(cacheFolder(host), "parents", `${partsOf(digestOf(canonicalJson(decisive))).hex}.json`)
  const kept = await readKept(host, path)
  if (kept !== undefined) return unpacked(JSON.parse(kept) as Kept)
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
  await writeKept(host, path, text)
  return { environment, installed }
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
