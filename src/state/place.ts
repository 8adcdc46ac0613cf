import { basename } from "node:path"
import { digestOf, partsOf } from "../oci/digest.ts"
import type { Store } from "../oci/store/store.ts"
import type { Tree } from "../tree/tree.ts"

/** A store as one tree sees it: where its images and its state are. */
export type Place = {
  readonly kind: "local" | "registry"
  readonly store: Store
  /** The repository of a row's `repository` in this store. */
  readonly repositoryOf: (repository: string) => string
  /** The state repository in this store. */
  readonly state: string
}

/** The local store, where each tree's folder has a namespace of its own. */
export function localPlace(store: Store, tree: Pick<Tree, "folder" | "state">): Place {
  return placeBelow(namespaceOf(tree.folder), store, tree)
}

/**
 * Beside it in the same store: where pull requests write, and what `publish` never reads. Images are apart too, since
 * what was found when they were checked is listed with them; their bytes are shared.
 */
export function unreleasedPlace(store: Store, tree: Pick<Tree, "folder" | "state">): Place {
  return placeBelow(`${namespaceOf(tree.folder)}-unreleased`, store, tree)
}

function placeBelow(namespace: string, store: Store, tree: Pick<Tree, "state">): Place {
  return {
    kind: "local",
    store,
    repositoryOf: (repository) => `${namespace}/${repository}`,
    state: `${namespace}/${tree.state}`,
  }
}

/** The registry of `nbstacks.yaml`. */
export function registryPlace(store: Store, tree: Pick<Tree, "state">): Place {
  return { kind: "registry", store, repositoryOf: (repository) => repository, state: tree.state }
}

/** A legal repository path for a folder: its name and eight digits of the hash of its path. */
export function namespaceOf(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 40)
  return `${name === "" ? "tree" : name}-${partsOf(digestOf(folder)).hex.slice(0, 8)}`.replaceAll(/-{2,}/g, "-")
}
