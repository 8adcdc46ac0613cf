import type { Manifest } from "../store.ts"
import { sendManifest } from "./manifests.ts"
import type { Transport } from "./transport.ts"

export type PreconditionKind = "if-match" | "if-none-match"

/** What a registry does with preconditions of writes, found out once and when first needed. */
export type Preconditions = {
  honoured(
    kind: PreconditionKind,
    known: { readonly repository: string; readonly manifest: Manifest },
  ): Promise<boolean>
}

/** An entity tag that no manifest has. */
const nobody = '"nbstacks-asks-whether-if-match-is-honoured"'

/**
 * An `ETag` does not say that `If-Match` counts: the CNCF registry gives the one and ignores the other. So a manifest
 * that is there is put once more by its digest, which changes nothing, under a condition that is false: only a registry
 * that honours it answers 412.
 */
export function makePreconditions(transport: Transport): Preconditions {
  const answers = new Map<PreconditionKind, Promise<boolean>>()
  const probe = async (
    kind: PreconditionKind,
    repository: string,
    { descriptor, bytes }: Manifest,
  ): Promise<boolean> => {
    const { answer } = await sendManifest(transport, repository, {
      reference: descriptor.digest,
      bytes,
      mediaType: descriptor.mediaType,
      headers: { [kind]: kind === "if-match" ? nobody : "*" },
    })
    return answer.status === 412
  }
  return {
    async honoured(kind, { repository, manifest }) {
      let answer = answers.get(kind)
      if (answer === undefined) {
        answer = probe(kind, repository, manifest)
        answers.set(kind, answer)
        answer.catch(() => answers.delete(kind))
      }
      return await answer
    },
  }
}
