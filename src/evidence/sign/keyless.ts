import {
  CIContextProvider,
  DEFAULT_FULCIO_URL,
  DEFAULT_REKOR_URL,
  DSSEBundleBuilder,
  FulcioSigner,
  RekorWitness,
} from "@sigstore/sign"
import { Failure } from "../../failure.ts"
import { bundleOf, type ImageSigner } from "./sign.ts"

/** How long the services of Sigstore are given, in milliseconds, and how often they are asked. */
const patience = { timeout: 30_000, retry: 2 } as const

/**
 * Signs with the identity that a CI system gives its runs: a certificate of a few minutes for each signature, and an entry in a public
 * log. Fails with `cannot` where there is no identity at hand.
 *
 * @param env NBSTACKS_FULCIO_URL and NBSTACKS_REKOR_URL name other services than the public ones.
 */
export function keylessSigner(env: Readonly<Record<string, string | undefined>>): ImageSigner {
  const isAtHand = env["ACTIONS_ID_TOKEN_REQUEST_URL"] !== undefined || env["SIGSTORE_ID_TOKEN"] !== undefined
  if (!isAtHand)
    throw new Failure("cannot", "There is no identity to sign with", {
      hint: "In GitHub Actions give the job `permissions: {id-token: write}`; in GitLab an id token named SIGSTORE_ID_TOKEN. Elsewhere sign with a key",
    })
  const signer = new FulcioSigner({
    identityProvider: new CIContextProvider("sigstore"),
    fulcioBaseURL: env["NBSTACKS_FULCIO_URL"] ?? DEFAULT_FULCIO_URL,
    ...patience,
  })
  const rekorBaseURL = env["NBSTACKS_REKOR_URL"] ?? DEFAULT_REKOR_URL
  return {
    publicKey: undefined,
    bundle: async (subjects) => {
      const witness = new RekorWitness({ rekorBaseURL, entryType: "dsse", ...patience })
      try {
        return await bundleOf(new DSSEBundleBuilder({ signer, witnesses: [witness] }), subjects)
      } catch (error) {
        throw new Failure("temporary", "Cannot sign with the identity of this run", {
          cause: withoutTokens(error),
          hint: "Sigstore's services may be away: run the command again. It signs what is there without building anything",
        })
      }
    },
  }
}

/** What went wrong, without the token of the identity, with which somebody else could sign. */
function withoutTokens(error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error)
  return new Error(message.replaceAll(/eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?|[\w-]+\.eyJ[\w-]*(?:\.[\w-]*)?/g, "(a token)"))
}
