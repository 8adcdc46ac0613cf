import { join } from "node:path"
import { factsPool } from "../../evidence/inventory/facts-pool.ts"
import { factsOfLayers } from "../../evidence/inventory/inventory.ts"
import { evidenceBeside } from "../../evidence/record/read.ts"
import type { Trusted } from "../../evidence/sign/trust.ts"
import type { Finding } from "../../evidence/verify/finding.ts"
import { compareLayers } from "../../evidence/verify/compare-layers.ts"
import {
  verifyImage,
  verifySigned,
  type Verified,
  type VerifyOptions as Options,
} from "../../evidence/verify/verify.ts"
import { Failure } from "../../failure.ts"
import { ImageIndex, isIndexType, parseJson } from "../../oci/manifest.ts"
import { parseReference } from "../../oci/reference.ts"
import { imagesOf } from "../../oci/resolve.ts"
import { openRegistry } from "../../oci/store/registry/registry.ts"
import type { Location } from "../../oci/store/store.ts"
import { rowsNamed } from "../../plan/select.ts"
import type { ReleasedImage } from "../../state/release.ts"
import { latestRelease } from "../../state/releases.ts"
import type { Context } from "../context.ts"
import { readTrusted, readTrustedKey } from "../evidence/trusted.ts"
import { json } from "../json.ts"
import { loadTree } from "../load-tree.ts"
import { openSession } from "../session.ts"
import type { VerifyOptions } from "./flags.ts"
import { verifiedJson, verifiedText, type VerifiedImage } from "./view.ts"

/** An image, an index or the record of a release that is to be verified. */
type Wanted = {
  readonly name: string
  readonly location: Location
  readonly isRelease?: true
  /** As its release has it. */
  readonly released?: ReleasedImage
}

/** Verifies images and says what was found. */
export async function verify(
  context: Context,
  options: VerifyOptions & { readonly images: readonly string[] },
): Promise<number> {
  const { io, host } = context
  const { wanted, trusted } = await whatAndWhom(context, options)
  await using pool = factsPool(Math.min(4, host.machine.cores))
  const judging: Options = {
    trusted,
    ...(options.deep === true
      ? {
          compare: async (location, image) =>
            await compareLayers(await (await evidenceBeside(location, trusted)).inventory(image), image, (one) =>
              factsOfLayers(one, { pool, signal: context.signal }),
            ),
        }
      : {}),
  }
  const found: VerifiedImage[] = []
  for (const one of wanted) {
    context.signal.throwIfAborted()
    found.push({
      name: one.name,
      kind: one.isRelease === true ? "release" : "image",
      verified: await verifyOne(one, options, judging),
    })
  }
  io.out(options.json === true ? json(verifiedJson(found)) : verifiedText(found, io.outColors))
  return found.some(({ verified }) => verified.some(({ findings }) => findings.some(({ status }) => status === "bad")))
    ? 1
    : 0
}

async function whatAndWhom(
  context: Context,
  { images, ...options }: VerifyOptions & { readonly images: readonly string[] },
): Promise<{ readonly wanted: readonly Wanted[]; readonly trusted: readonly Trusted[] }> {
  const { host, folder, signal } = context
  const keys = await Promise.all((options.key ?? []).map((path) => readTrustedKey(host, folder, path)))
  const elsewhere = images.filter((name) => parseReference(name)?.host !== undefined)
  const rows = images.filter((name) => !elsewhere.includes(name))
  const hasTree = (await host.files.stat(join(folder, "nbstacks.yaml"))) !== undefined
  const needsTree = rows.length > 0 || images.length === 0
  if (needsTree && !hasTree)
    throw new Failure("cannot", `There is no nbstacks.yaml in ${folder}`, {
      hint: "Name an image with its registry, such as example.org/lab:1; or use `-C DIR` for the rows of a tree",
    })
  const tree = hasTree && (needsTree || keys.length === 0) ? await loadTree(context, options) : undefined
  const trusted = keys.length > 0 || tree === undefined ? keys : await readTrusted(host, tree)
  const others = elsewhere.map((name): Promise<Wanted> => atRegistry(context, name))
  if (tree === undefined || !needsTree) return { wanted: await Promise.all(others), trusted }
  await using session = openSession(context, tree)
  signal.throwIfAborted()
  const release = await latestRelease(session.target)
  if (release === undefined) throw new Failure("cannot", "There is no release yet", { hint: "Run `nbstacks publish`" })
  const asked = images.length === 0 ? undefined : new Set(rowsNamed(tree, rows))
  const released = release.release.images.filter(({ id }) => asked?.has(id) !== false)
  const missing = [...(asked ?? [])].filter((id) => !released.some((one) => one.id === id))
  if (missing.length > 0)
    throw new Failure("cannot", `${missing.join(", ")} is not in release ${release.release.id}`, {
      hint: "Run `nbstacks publish`",
    })
  const { store, repositoryOf } = session.target
  const inRelease = released.map((image) => ({
    name: image.id,
    location: { store, repository: repositoryOf(image.repository), digest: image.index },
    released: image,
  }))
  const { state } = session.target
  const record = {
    name: `release ${release.release.id}`,
    location: { store, repository: state, digest: release.digest },
    isRelease: true,
  } as const
  return { wanted: [record, ...inRelease, ...(await Promise.all(others))], trusted }
}

async function atRegistry({ host, signal }: Context, name: string): Promise<Wanted> {
  const parsed = parseReference(name)
  if (parsed?.host === undefined) throw new Error(`${name} has no registry`)
  const store = openRegistry(parsed.host, host, { signal })
  const reference = parsed.digest ?? parsed.tag ?? "latest"
  const found = await store.readManifest(parsed.repository, reference)
  if (found === undefined)
    throw new Failure("cannot", `There is no ${name}`, { hint: "Check the name and the tag, or log in" })
  return { name, location: { store, repository: parsed.repository, digest: found.descriptor.digest } }
}

/** What is wrong with an index and with each image that it names, or with the one image. */
async function verifyOne(
  { name, location, isRelease, released }: Wanted,
  { platform }: VerifyOptions,
  judging: Options,
): Promise<readonly Verified[]> {
  const { store, repository, digest } = location
  if (isRelease === true) return [await verifySigned(location, judging)]
  const found = await store.readManifest(repository, digest)
  if (found === undefined || !isIndexType(found.descriptor.mediaType)) return [await verifyImage(location, judging)]
  const images = imagesOf(parseJson(found.bytes, ImageIndex, name))
  const chosen = images.filter(([one]) => platform === undefined || one === platform)
  if (chosen.length === 0 && released === undefined)
    throw new Failure("cannot", `${name} is not there for ${platform ?? "any platform"}`, {
      hint: "Name another one with `--platform`",
    })
  const signed = await verifySigned(location, judging)
  const tags = released === undefined ? [] : await tagFindings(location, released)
  const verified: Verified[] = [{ ...signed, findings: [...tags, ...signed.findings] }]
  for (const [one, image] of chosen) {
    const check = released?.platforms[one]?.check
    verified.push(await verifyImage({ store, repository, digest: image }, { ...judging, check }))
  }
  return verified
}

/** Tags that a release set name its images for ever. */
async function tagFindings(
  { store, repository, digest }: Location,
  { tags }: ReleasedImage,
): Promise<readonly Finding[]> {
  const moved: string[] = []
  for (const tag of tags) if ((await store.headManifest(repository, tag))?.digest !== digest) moved.push(tag)
  return moved.map((tag) => ({ what: "image", status: "bad", says: `the tag ${tag} is gone, or names another image` }))
}
