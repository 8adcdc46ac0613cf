import type { Host } from "../host/host.ts"
import { viewFolder, type FolderView } from "./folder-view.ts"
import { openHashCache } from "./hash-cache.ts"

/** What looking at a folder needs of the machine. */
export type ViewHost = Pick<Host, "files" | "now" | "env" | "machine">

/** A view that remembers hashes between runs, once `save` was called. */
export type SavedView = FolderView & { save(): Promise<void> }

/** Looks at a folder with the user's hash cache. */
export async function openView(folder: string, host: ViewHost): Promise<SavedView> {
  const cache = await openHashCache(folder, host)
  return { ...viewFolder(folder, host, cache), save: () => cache.save() }
}
