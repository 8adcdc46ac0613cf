import { readImage, type Image } from "../oci/image.ts"
import type { Platform } from "../oci/platform.ts"
import type { Location } from "../oci/store/store.ts"

/** An image that containers are started of: where it is, and what its configuration says. */
export type RunnableImage = {
  /** How people call it: a row's name, or a reference. */
  readonly name: string
  readonly platform: Platform
  /** A platform manifest, not an index. */
  readonly location: Location
  readonly image: Image
  readonly env: Readonly<Record<string, string>>
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
  /** As written: a name or a number, with or without a group; empty means root. */
  readonly user: string
  /** Absolute. */
  readonly workdir: string
  readonly labels: Readonly<Record<string, string>>
}

/** Reads what a platform manifest in a store would run. Fails with `cannot` if it is not there, or is an index. */
export async function readRunnable(name: string, location: Location): Promise<RunnableImage> {
  const image = await readImage(location.store, location.repository, location.digest)
  const { config } = image
  return {
    name,
    platform: image.platform,
    location,
    image,
    env: Object.fromEntries((config.Env ?? []).map(splitVariable)),
    entrypoint: config.Entrypoint ?? [],
    command: config.Cmd ?? [],
    user: config.User ?? "",
    workdir: config.WorkingDir?.startsWith("/") === true ? config.WorkingDir : "/",
    labels: config.Labels ?? {},
  }
}

function splitVariable(text: string): readonly [string, string] {
  const equals = text.indexOf("=")
  return equals < 0 ? [text, ""] : [text.slice(0, equals), text.slice(equals + 1)]
}
