import { readKept, writeKept } from "../kept-text.ts"
import { cacheFolder } from "../files/cache-folder.ts"
import { join } from "node:path"
import { digestOf, partsOf } from "../oci/digest.ts"
import { openLayout, type Layout } from "../oci/store/layout/layout.ts"
import { defaultStoreFolder } from "../oci/store/layout/folder.ts"
import { serveStore, type StoreServer } from "../oci/store/server/serve.ts"
import { keysOf, type Keyed, type Slot } from "../plan/key.ts"
import type { Host } from "../host/host.ts"
import { gatherKnown, type Knowledge } from "../state/known.ts"
import { localPlace, namespaceOf, registryPlace, type Place } from "../state/place.ts"
import { openStore } from "../oci/store/open.ts"
import { readBranch } from "../git/git.ts"
import { planTree } from "../plan/plan-tree.ts"
import type { Plan } from "../plan/plan.ts"
import type { Tree } from "../tree/tree.ts"
import { Failure, isFailure } from "../failure.ts"
import type { Context } from "./context.ts"
import { asFailure } from "./failure.ts"

/** A tree with its keys, and the stores that it lives in. */
export type Session = AsyncDisposable & {
  readonly tree: Tree
  readonly keys: ReadonlyMap<Slot, Keyed>
  readonly layout: Layout
  readonly local: Place
  /** Where releases are: the registry, or the local store where there is none. */
  readonly target: Place
  /** The target, then the local store. */
  readonly places: readonly Place[]
  /** From the first call until the session is disposed, `gc` of any process spares what is used in the local store. */
  readonly hold: () => Promise<void>
  /** `host:port` at which the local store is served from the first call until the session is disposed. */
  readonly serve: () => Promise<string>
  /** A folder of the user's cache for this tree. */
  readonly cache: string
  /** The branch of the tree's folder; undefined where there is none. */
  readonly branch: Promise<string | undefined>
  /** The id of the newest release that this machine has seen, without asking anybody. */
  readonly lastRelease: () => Promise<string | undefined>
}

/** Opens the stores of a tree. Nothing is asked yet. */
export function openSession({ host, folder, signal }: Context, tree: Tree): Session {
  const cache = join(cacheFolder(host), "trees", namespaceOf(tree.folder))
  const layout = openLayout(defaultStoreFolder(host.env, host.machine.home), host)
  const local = localPlace(layout, tree)
  const target =
    tree.registry === undefined
      ? local
      : registryPlace(openStore(registryReference(tree.registry, folder), host, { signal }), tree)
  const server = lazyServer(layout, host)
  // Git is asked while keys are made.
  const branch = readBranch(tree.folder, host)
  let lease: Promise<AsyncDisposable> | undefined
  return {
    tree,
    keys: keysOf(tree),
    layout,
    local,
    target,
    places: target === local ? [local] : [target, local],
    hold: async () => void (await (lease ??= holding(layout))),
    serve: server.address,
    cache,
    branch,
    lastRelease: async () => {
      const text = await readKept(host, join(cache, latestFile(target)))
      return text?.split(" ")[1] || undefined
    },
    async [Symbol.asyncDispose]() {
      await server.stop()
      // One that could not be had was told when it was asked for.
      await (await lease?.catch(() => undefined))?.[Symbol.asyncDispose]()
    },
  }
}

/** Where the newest release that was seen in a place is remembered. */
function latestFile({ store, state }: Place): string {
  return `latest-release-${partsOf(digestOf(`${store.name}/${state}`)).hex.slice(0, 8)}`
}

/** A lease of the local store; a store that cannot be written to is said by its folder. */
async function holding(layout: Layout): Promise<AsyncDisposable> {
  try {
    return await layout.lease()
  } catch (error) {
    const cause = asFailure(error)
    if (!isFailure(cause)) throw error
    throw new Failure("cannot", `Cannot use the local store ${layout.folder}`, {
      cause,
      hint: "Set NBSTACKS_STORE to a folder that you can write to",
    })
  }
}

/** A relative path to a layout is relative to the tree's folder. */
export function registryReference(registry: string, folder: string): string {
  return /^\.\.?(?:\/|$)/.test(registry) ? join(folder, registry) : registry
}

function lazyServer(
  layout: Layout,
  host: Host,
): { readonly address: () => Promise<string>; readonly stop: () => Promise<void> } {
  let server: Promise<StoreServer> | undefined
  return {
    address: async () => (await (server ??= serveStore(layout, host))).address,
    stop: async () => {
      await (await server?.catch(() => undefined))?.[Symbol.asyncDispose]()
    },
  }
}

export type Asked = { readonly offline: boolean; readonly verify: boolean; readonly places?: readonly Place[] }

/** Asks the stores what they know, and plans. */
export async function think(
  { host }: Context,
  session: Session,
  { offline, verify, places = session.places }: Asked,
): Promise<{ readonly plan: Plan; readonly knowledge: Knowledge }> {
  const hintFile = join(session.cache, latestFile(session.target))
  const branch = offline ? undefined : await session.branch
  const hint = offline ? 0 : await readHint(host, hintFile)
  const knowledge = await gatherKnown({
    tree: session.tree,
    keys: session.keys,
    places: offline ? [] : places,
    branch,
    verify,
    hint,
  })
  const sequence = knowledge.latest?.release.sequence ?? 0
  const id = knowledge.latest?.release.id ?? ""
  if (sequence > hint) await writeKept(host, hintFile, `${sequence} ${id}`).catch(() => undefined)
  return { plan: planTree(session.tree, session.keys, knowledge), knowledge }
}

/** The number of the newest release that was seen, so that the next question is short; 0 if none was. */
async function readHint(host: Host, path: string): Promise<number> {
  return Number((await readKept(host, path))?.split(" ")[0] ?? 0)
}
