import { join } from "node:path"
import { partsOf, type Digest } from "../../digest.ts"

/** Where everything is in a layout folder. Nothing outside this file joins paths of a layout. */
export type LayoutPaths = {
  readonly folder: string
  readonly marker: string
  readonly index: string
  readonly blobs: string
  readonly repositories: string
  readonly temporary: string
  readonly leases: string
  readonly blob: (digest: Digest) => string
  readonly broken: (digest: Digest) => string
  readonly lock: (name: string) => string
  readonly repository: (repository: string) => string
  readonly tags: (repository: string) => string
  readonly tag: (repository: string, tag: string) => string
  readonly manifests: (repository: string) => string
  readonly manifest: (repository: string, digest: Digest) => string
  readonly members: (repository: string) => string
  readonly member: (repository: string, digest: Digest) => string
  readonly referrers: (repository: string) => string
  readonly referrersOf: (repository: string, subject: Digest) => string
}

/** The paths of a layout. Repository names and tags have to be legal ones. */
export function layoutPaths(folder: string): LayoutPaths {
  const repositories = join(folder, "repositories")
  const repository = (name: string): string => join(repositories, repositoryFolder(name))
  return {
    folder,
    marker: join(folder, "oci-layout"),
    index: join(folder, "index.json"),
    blobs: join(folder, "blobs"),
    repositories,
    temporary: join(folder, "temporary"),
    leases: join(folder, "leases"),
    blob: (digest) => join(folder, "blobs", partsOf(digest).algorithm, partsOf(digest).hex),
    broken: (digest) => join(folder, "broken", fileName(digest)),
    lock: (name) => join(folder, "locks", name),
    repository,
    tags: (name) => join(repository(name), "tags"),
    tag: (name, tag) => join(repository(name), "tags", tag),
    manifests: (name) => join(repository(name), "manifests"),
    manifest: (name, digest) => join(repository(name), "manifests", fileName(digest)),
    members: (name) => join(repository(name), "blobs"),
    member: (name, digest) => join(repository(name), "blobs", fileName(digest)),
    referrers: (name) => join(repository(name), "referrers"),
    referrersOf: (name, subject) => join(repository(name), "referrers", fileName(subject)),
  }
}

/** A digest as the name of a file: `sha256-<hex>`. */
export function fileName(digest: Digest): string {
  return digest.replace(":", "-")
}

/** The digest that a file name stands for; as text, since the name may be anything. */
export function digestText(name: string): string {
  return name.replace("-", ":")
}

/** `a/b` is one folder, `a+b`, so that no repository lies within another one. `+` is in no legal name. */
function repositoryFolder(repository: string): string {
  return repository.replaceAll("/", "+")
}

/** The repository that a folder's name stands for. */
export function repositoryName(folder: string): string {
  return folder.replaceAll("+", "/")
}
