import { Failure } from "../failure.ts"
import type { Host } from "../host/host.ts"
import type { Image } from "./image.ts"
import { readMerged, type HeaderCache } from "./merged.ts"
import { mergedArchive } from "./merged/archive.ts"

export type UnpackOptions = {
  readonly cache?: HeaderCache | undefined
  readonly signal?: AbortSignal | undefined
  /** Bytes of all files together, at most; 64 GiB unless given. */
  readonly limit?: number
}

/** Waiting for another process that unpacks the same image, in milliseconds. */
const patience = 30 * 60 * 1000
const usualLimit = 64 * 1024 ** 3

/**
 * Unpacks an image into a folder of its own, which is complete as soon as it is there: a folder that exists is left
 * as it is, so a folder named by the image's digest is a cache. As root, owners, devices and capabilities are kept;
 * as a plain user everything belongs to that user, without set-id bits. Nothing is written outside the folder.
 * Several processes may ask for the same folder.
 *
 * Fails with `cannot` when a layer is malformed, the image is larger than the limit, or `tar` is not there.
 */
export async function unpackImage(
  image: Image,
  folder: string,
  host: Pick<Host, "files" | "run" | "machine">,
  options: UnpackOptions = {},
): Promise<void> {
  const { files } = host
  if ((await files.stat(folder)) !== undefined) return
  const { signal, limit = usualLimit } = options
  await using _alone = await files.lock(`${folder}.lock`, {
    timeout: patience,
    ...(signal === undefined ? {} : { signal }),
  })
  if ((await files.stat(folder)) !== undefined) return
  const merged = await readMerged(image, options)
  let size = 0
  for (const entry of merged.entries()) size += entry.size
  if (size > limit) throw new Failure("cannot", `The image has ${size} bytes of files, more than the limit of ${limit}`)
  const partial = `${folder}.partial`
  await files.remove(partial)
  await files.makeDirectory(partial)
  try {
    const isPlain = host.machine.uid !== 0
    await extract(mergedArchive(image, merged, { plain: isPlain, signal }), partial, { host, isPlain, signal })
    await files.rename(partial, folder)
  } catch (error) {
    await files.remove(partial)
    throw error
  }
}

type Extract = {
  readonly host: Pick<Host, "run">
  readonly isPlain: boolean
  readonly signal: AbortSignal | undefined
}

/** The system's `tar` does it: it is an order of magnitude faster than one system call after the other from here. */
async function extract(
  archive: AsyncIterable<Uint8Array>,
  folder: string,
  { host, isPlain, signal }: Extract,
): Promise<void> {
  const owners = isPlain ? ["--no-same-owner"] : ["--same-owner", "--xattrs", "--xattrs-include=*"]
  let failed: unknown
  const input = async function* (): AsyncIterable<Uint8Array> {
    try {
      yield* archive
    } catch (error) {
      failed = error
      throw error
    }
  }
  const argv = [
    "tar",
    "--extract",
    "--file=-",
    `--directory=${folder}`,
    "--preserve-permissions",
    "--numeric-owner",
  ] as const
  const finished = await host
    .run({ argv: [...argv, ...owners], input: input(), ...(signal === undefined ? {} : { signal }) })
    .catch((error: unknown) => {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error
      throw new Failure("cannot", "Cannot unpack an image: there is no `tar` on this machine", {
        hint: "Run `apt-get install tar`",
        cause: error,
      })
    })
  if (failed !== undefined) throw failed
  if (finished.code === 0) return
  throw new Failure("cannot", "Cannot unpack the image: `tar` failed", { detail: finished.stderr.slice(-2000) })
}
