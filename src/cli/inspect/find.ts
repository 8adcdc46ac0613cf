import { join } from "node:path"
import { Failure } from "../../failure.ts"
import { readImage, type Image } from "../../oci/image.ts"
import { isPlatform } from "../../oci/platform.ts"
import { parseReference } from "../../oci/reference.ts"
import { platformsAt, resolveIn } from "../../oci/resolve.ts"
import type { Location, Store } from "../../oci/store/store.ts"
import { openRegistry } from "../../oci/store/registry/registry.ts"
import type { Context } from "../context.ts"
import { builtRows, notBuilt } from "../layers/find-images.ts"
import { loadTree } from "../load-tree.ts"
import { platformFor, rowHere } from "../one-row.ts"
import type { Tree } from "../../tree/tree.ts"
import { openSession } from "../session.ts"
import type { InspectOptions } from "./flags.ts"

/** Where to look. */
export type FindOptions = Pick<InspectOptions, "platform" | "registry" | "offline">

/** An image that was named, for one platform. */
export type Named = {
  /** As people call it. */
  readonly name: string
  readonly location: Location
  readonly image: Image
  /** What it is built on, pinned by its digest where that is known. */
  readonly base: string | undefined
  /** The tree that it is a row of. */
  readonly tree?: Tree | undefined
}

/**
 * Finds the image that a name means: with a registry's host in front an image of that registry, else a row of the tree as it is
 * built. Of several platforms it is this machine's unless another one is asked for.
 */
export async function findNamed(context: Context, name: string, options: FindOptions): Promise<Named> {
  const parsed = parseReference(name)
  if (parsed?.host === undefined) return await findRow(context, name, options)
  const store: Store = openRegistry(parsed.host, context.host, { signal: context.signal })
  const reference = parsed.digest ?? parsed.tag ?? "latest"
  const wanted = { repository: parsed.repository, reference }
  const asked = options.platform
  if (asked !== undefined && !isPlatform(asked))
    throw new Failure("cannot", `\`${asked}\` is no platform`, { hint: "Write it as linux/amd64" })
  const platform = asked ?? platformFor(context, await platformsAt(store, wanted))
  if (platform === undefined) throw new Failure("cannot", `${name} has no platform`, { hint: "It is no image" })
  const digest = (await resolveIn(store, { ...wanted, platforms: [platform] }))[platform]
  if (digest === undefined)
    throw new Failure("cannot", `${name} is not there for ${platform}`, { hint: "Name another one with `--platform`" })
  const location = { store, repository: parsed.repository, digest }
  const image = await readImage(store, parsed.repository, digest)
  const { [annotation.name]: base, [annotation.digest]: baseDigest } = image.annotations
  return { name, location, image, base: base === undefined ? baseDigest : pinned(base, baseDigest) }
}

async function findRow(context: Context, name: string, options: FindOptions): Promise<Named> {
  if ((await context.host.files.stat(join(context.folder, "nbstacks.yaml"))) === undefined)
    throw new Failure("cannot", `\`${name}\` names no registry, and there is no nbstacks.yaml in ${context.folder}`, {
      hint: "Name an image with its registry, such as example.org/lab:1; or use `-C DIR` for the rows of a tree",
    })
  const { tree, row, platform } = rowHere(context, await loadTree(context, options), name, options.platform)
  const { id, parent } = row
  await using session = openSession(context, tree)
  const built = await builtRows(context, session, { platform, offline: options.offline === true })
  const found = built.get(id)
  if (found === undefined) throw notBuilt(id)
  const { location } = found
  const base =
    parent.kind === "external"
      ? pinned(parent.reference, parent.locked[platform])
      : parent.kind === "image"
        ? pinned(parent.id, built.get(parent.id)?.location.digest)
        : undefined
  const image = await readImage(location.store, location.repository, location.digest)
  return { name: id, location, image, base, tree }
}

/** https://github.com/opencontainers/image-spec/blob/main/annotations.md */
const annotation = {
  name: "org.opencontainers.image.base.name",
  digest: "org.opencontainers.image.base.digest",
} as const

function pinned(name: string, digest: string | undefined): string {
  return digest === undefined || name.includes("@") ? name : `${name}@${digest}`
}
