import type { Digest } from "../digest.ts"
import type { Descriptor } from "../descriptor.ts"

/** A manifest or an index as it was received, with its descriptor. The bytes are never re-serialised. */
export type Manifest = { readonly descriptor: Descriptor; readonly bytes: Uint8Array }

/** How sure a store is that nobody else wrote a tag in between. */
export type Guarantee = "exact" | "observed"

export type Tagged = { readonly guarantee: Guarantee; readonly replaced?: Digest }

/** Another repository of a store that may have a blob. `held`: it is known to have it, so that it is asked first of all. */
export type Mount = { readonly from: string; readonly held?: boolean }

/**
 * Bytes that can be asked for more than once, so that an upload can be tried again. A piece may be valid only until
 * the next is asked for.
 */
export type Source = () => AsyncIterable<Uint8Array>

/**
 * Anything that holds images by digest: a local layout, our loopback server, a remote registry.
 *
 * Every method fails with a `Failure`: `temporary` when trying again may help, `credentials` when a login is
 * missing, `cannot` otherwise. `repository` is a path without a host. What is read is verified against its digest.
 */
export type Store = {
  /** How people name this store in a reference: `ghcr.io/example-hub`, `127.0.0.1:5000`, a path. No trailing slash. */
  readonly name: string

  /** True if the blob is there. */
  has(repository: string, digest: Digest): Promise<boolean>

  /**
   * The bytes of a blob, or a part of them: `[first, last]`, both included. The whole of a blob is verified
   * while it is read, and an error is thrown at its end when it does not match; a part cannot be.
   */
  read(repository: string, digest: Digest, range?: readonly [number, number]): AsyncIterable<Uint8Array>

  /**
   * The whole of a blob as `read` gives it, in pieces that are valid only until the next is asked for: for stores on this
   * machine, whose bytes go straight on.
   */
  lend?(repository: string, digest: Digest): AsyncIterable<Uint8Array>

  /** Puts a blob unless it is there. With `mount`, another repository of this store is asked before it is sent. */
  writeBlob(repository: string, descriptor: Descriptor, from: Source, mount?: Mount): Promise<void>

  /**
   * Puts a blob by taking away a finished file, unless it is there: for stores on this machine, where that saves a
   * copy. Who wrote the file has hashed its bytes on the way: they are not read again. `file` is called only when the
   * blob is needed. False, and the file stays, where it cannot be taken; then `writeBlob` can still be used.
   */
  takeFile?(repository: string, descriptor: Descriptor, file: () => Promise<string>): Promise<boolean>

  /** A manifest by tag or digest; `undefined` if there is none. */
  readManifest(repository: string, reference: string): Promise<Manifest | undefined>

  /** The descriptor alone, by a HEAD request where the store is remote; `undefined` if there is none. */
  headManifest(repository: string, reference: string): Promise<Descriptor | undefined>

  /** Puts a manifest by its digest. Blobs and children come first. */
  writeManifest(repository: string, bytes: Uint8Array, mediaType: string): Promise<Digest>

  /**
   * Points a tag at a manifest that is in the repository. `expect` is what the tag must be before: a digest,
   * or `absent`; it is exact only where the guarantee says so. Fails with `no` when it is something else.
   */
  tag(repository: string, tag: string, to: Digest, expect?: Digest | "absent"): Promise<Tagged>

  /** The tags of a repository in lexical order, those after `after` only; none if the repository is unknown. */
  tags(repository: string, after?: string): AsyncIterable<string>

  /** Descriptors of the manifests whose `subject` is this digest, with artifact type and annotations. */
  referrers(repository: string, subject: Digest): Promise<readonly Descriptor[]>

  /**
   * Puts manifests that have this `subject`, so that `referrers` finds them, also on registries without that API, where all of
   * them are one change of the list.
   */
  attach(repository: string, subject: Digest, manifests: readonly Uint8Array[]): Promise<readonly Descriptor[]>
}

/** One manifest in one repository of one store. */
export type Location = { readonly store: Store; readonly repository: string; readonly digest: Digest }
