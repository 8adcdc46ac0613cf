import type { Descriptor } from "../oci/descriptor.ts"
import type { Digest } from "../oci/digest.ts"
import { blobsOf, copyManifest, type Copied } from "../oci/copy.ts"
import { readImage, sizeOfLayers } from "../oci/image.ts"
import { writeIndex } from "../oci/write-image.ts"
import { checkSummaries, copyChecks } from "../evidence/attach.ts"
import { recordEvidence, signManifest } from "../evidence/record/record.ts"
import { checkKeyOf } from "../plan/check-key.ts"
import { slotOf, type Key, type Keyed, type KeyInput, type Slot } from "../plan/key.ts"
import type { Done } from "../build/outcome.ts"
import { Failure } from "../failure.ts"
import type { Report } from "../report/event.ts"
import { prepareRecord, recordBuilt } from "../state/key-state.ts"
import type { Place } from "../state/place.ts"
import type { ReleasedImage, ReleasedPlatform } from "../state/release.ts"
import { limited } from "../parallel.ts"
import type { Location, Store } from "../oci/store/store.ts"
import type { Image, Tree } from "../tree/tree.ts"
import { establish, type Grounds } from "./establish.ts"
import { openMounts, type Mounts } from "./mounts.ts"

export type Push = {
  readonly target: Place
  readonly tree: Pick<Tree, "images">
  readonly keys: ReadonlyMap<Slot, Keyed>
  /** The images that rows had before: what they share with the new ones is where those are. */
  readonly before: ReadonlyMap<Slot, Digest>
  readonly report: Report
  readonly elapsed: () => number
  readonly signal: AbortSignal
}

export type Pushing = Push & {
  readonly mounts: Mounts
  /** Bytes of a row's image that were sent before it was there. */
  readonly early: Map<Slot, number>
  readonly few: ReturnType<typeof limited>
}

/** Blobs of images that are still made, at once: as many as of one that is there. */
const earlyAtOnce = 4

/** Starts to push: what one row has sent, those after it have mounted. */
export function openPush(push: Push): Pushing {
  return { ...push, mounts: openMounts(push.target, push.tree), early: new Map(), few: limited(earlyAtOnce) }
}

/**
 * Sends a blob of an image that is still made, from the store that it is made in. A registry keeps what no manifest names for a while, and
 * what fails here is sent with the image: nothing is told of it.
 */
export function sendEarly(push: Pushing, { image, platform, from, blob }: EarlyBlob): void {
  const { store, repositoryOf } = push.target
  const put = push.mounts.putFor(image)
  const slot = slotOf(image.id, platform)
  const send = async (): Promise<void> => {
    let read = 0
    const open = async function* (): AsyncIterable<Uint8Array> {
      read = 0
      for await (const piece of from.store.lend?.(from.repository, blob.digest) ??
        from.store.read(from.repository, blob.digest)) {
        read += piece.length
        yield piece
      }
    }
    await put(blob.digest, (mount) => store.writeBlob(repositoryOf(image.repository), blob, open, mount))
    push.early.set(slot, (push.early.get(slot) ?? 0) + read)
  }
  push.few(send).catch(() => undefined)
}

type EarlyBlob = {
  readonly image: Image
  readonly platform: Done["platform"]
  readonly from: { readonly store: Store; readonly repository: string }
  readonly blob: Descriptor
}

/** Another publisher recorded other bytes for a key meanwhile: everything on top has to be planned again. */
export class Overtaken extends Error {
  override readonly name = "Overtaken"
  readonly key: Key
  constructor(key: Key) {
    super(`another build of ${key} was recorded first`)
    this.key = key
  }
}

/**
 * Puts a row's images and their evidence where releases are, by digest, and records their keys. Nothing is
 * tagged. What is there already is not sent again.
 */
export async function pushRow(
  push: Pushing,
  { image, platforms }: { readonly image: Image; readonly platforms: readonly Done[] },
  grounds: Grounds,
): Promise<Omit<ReleasedImage, "tags">> {
  const { store } = push.target
  const repository = push.target.repositoryOf(image.repository)
  const { signer, believed, renew } = grounds
  const released: Record<string, ReleasedPlatform> = {}
  const manifests: { platform: Done["platform"]; digest: Digest }[] = []
  for (const done of platforms.toSorted((a, b) => (a.platform < b.platform ? -1 : 1))) {
    const platform = await releasedPlatform(image, done)
    const { check, checks } = platform
    await sendPlatform(push, { image, done }, async (_from, to) => {
      const compose = (): ReturnType<typeof establish> => establish(grounds, image, done)
      await recordEvidence(to, { check: { key: check, ...checks }, compose, signer, believed, renew })
    })
    released[done.platform] = platform
    manifests.push({ platform: done.platform, digest: done.digest })
  }
  const { digest } = await writeIndex(manifests, { store, repository })
  if (signer !== undefined) await signManifest({ store, repository, digest }, { signer, believed })
  return { id: image.id, repository: image.repository, index: digest, platforms: released }
}

/** Copies what was found when an image was checked, for images that are not published. */
export async function copyEvidence(from: Location, to: Location): Promise<void> {
  if (from.store !== to.store || from.repository !== to.repository) await copyChecks(from, to)
}

/**
 * Puts a row's image for one platform into the target by digest, then the evidence about it, and records its key.
 * Throws `Overtaken` when other bytes were recorded for the key.
 */
export async function sendPlatform(
  push: Pushing,
  { image, done }: { readonly image: Image; readonly done: Done },
  evidence: (from: Location, to: Location) => Promise<void>,
): Promise<void> {
  const { target } = push
  const repository = target.repositoryOf(image.repository)
  const from = { store: done.place.store, repository: done.place.repositoryOf(image.repository), digest: done.digest }
  const to = { store: target.store, repository, digest: done.digest }
  const record = {
    key: done.key,
    digest: done.digest,
    ...done.bases,
    image: image.id,
    platform: done.platform,
    input: inputOf(push, done),
  }
  const prepared = done.place === target ? undefined : prepareRecord(target, record)
  // Told when it is asked for, or not at all when something else failed first.
  prepared?.catch(() => undefined)
  if (done.place.store !== target.store || from.repository !== repository) {
    const subject = { image: image.id, platform: done.platform, phase: "push" } as const
    const start = push.elapsed()
    push.report({ kind: "started", ...subject })
    // A registry takes a manifest only with all that it names: then nothing has to be asked for.
    const isThere = (await target.store.headManifest(repository, done.digest)) !== undefined
    const copy = (): Promise<Copied> =>
      copyManifest(
        from,
        { store: target.store, repository },
        {
          signal: push.signal,
          put: push.mounts.putFor(image),
          progress: (sent, total) => push.report({ kind: "progress", ...subject, done: sent, total, unit: "bytes" }),
        },
      )
    const { moved } = isThere ? { moved: 0 } : await copyBesides(push, { image, platform: done.platform }, copy)
    const bytes = moved + (push.early.get(slotOf(image.id, done.platform)) ?? 0)
    push.report({ kind: "finished", ...subject, outcome: "pushed", milliseconds: push.elapsed() - start, bytes })
  }
  await evidence(from, to)
  if (prepared === undefined) return
  const recorded = await (await prepared)()
  if (recorded === done.digest) return
  const there = await target.store.headManifest(repository, recorded)
  if (there !== undefined) throw new Overtaken(done.key)
  await recordBuilt(target, record, { replace: true })
}

/**
 * Copies what the image that the row had before does not have. Fails only if the copy fails that takes nothing for granted: a registry may
 * have lost blobs of a manifest that it still has.
 */
async function copyBesides(
  { target, before, mounts, signal }: Pushing,
  { image, platform }: { readonly image: Image; readonly platform: Done["platform"] },
  copy: () => Promise<Copied>,
): Promise<Copied> {
  const repository = target.repositoryOf(image.repository)
  const last = before.get(slotOf(image.id, platform))
  const manifest = last === undefined ? undefined : await target.store.readManifest(repository, last)
  if (manifest === undefined) return await copy()
  mounts.note(
    repository,
    blobsOf(manifest).map(({ digest }) => digest),
  )
  try {
    return await copy()
  } catch {
    signal.throwIfAborted()
    mounts.forget(repository)
    return await copy()
  }
}

function inputOf({ keys }: Push, { image, platform }: Done): KeyInput {
  const keyed = keys.get(slotOf(image, platform))
  if (keyed === undefined) throw new Error(`no key for ${image}`)
  return keyed.input
}

async function releasedPlatform(image: Image, done: Done): Promise<ReleasedPlatform> {
  // Read where it came from, which is nearer than where it was sent: the image and its evidence are the same.
  const { store } = done.place
  const from = { store, repository: done.place.repositoryOf(image.repository), digest: done.digest }
  const check = checkKeyOf(done.digest, image.checks)
  const summary = done.checks ?? (await checkSummaries(from)).find(({ key, failed }) => key === check && failed === 0)
  if (summary === undefined)
    throw new Failure("temporary", `The check report of ${image.id} is gone from ${from.store.name}`, {
      hint: "Run the command again: the image is checked again then",
    })
  const built = await readImage(from.store, from.repository, done.digest)
  return {
    digest: done.digest,
    parent: done.bases.parent,
    uses: done.bases.uses,
    key: done.key,
    check,
    checks: { passed: summary.passed, failed: summary.failed },
    size: sizeOfLayers(built),
  }
}
