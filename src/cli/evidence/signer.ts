import { resolve } from "node:path"
import type { ImageSigner } from "../../evidence/sign/sign.ts"
import type { Trusted } from "../../evidence/sign/trust.ts"
import { Failure } from "../../failure.ts"
import type { Tree } from "../../tree/tree.ts"
import type { Context } from "../context.ts"
import { readTrusted } from "./trusted.ts"

/** The word with which a CI system's own identity signs. */
const keyless = "keyless"
/** What `--sign` may be given by. */
const variable = "NBSTACKS_SIGNING_KEY"

/** What signs a release, and whose signatures count. */
export type Signed = { readonly signer: ImageSigner | undefined; readonly trusted: readonly Trusted[] }

/**
 * What signs a release: the key that was asked for, by the option or else by NBSTACKS_SIGNING_KEY; undefined where nothing is to be
 * signed. Fails with `cannot` before anything is built when the tree says whose signatures count and this would be none of them.
 */
export async function openSigner(
  context: Context,
  tree: Pick<Tree, "trust" | "folder">,
  asked: string | undefined,
): Promise<Signed> {
  const { host, folder } = context
  if (asked === "")
    throw new Failure("cannot", "`--sign` names no key", {
      hint: "Is a variable empty that the command has? Write `--sign FILE`, `--sign env://NAME` or `--sign keyless`",
    })
  const named = asked ?? host.env[variable]
  const trusted = await readTrusted(host, tree)
  if (named === undefined || named === "") {
    if (trusted.length === 0) return { signer: undefined, trusted }
    throw new Failure("cannot", "nbstacks.yaml says whose signatures count, and this release would have none", {
      detail: `Signatures count of: ${trusted.map(({ name }) => name).join(", ")}.\n\nNothing was built, pushed or tagged.`,
      hint: `Name the private key: \`--sign FILE\`, or ${variable}; or take \`trust\` out of nbstacks.yaml`,
    })
  }
  if (named === keyless) {
    if (trusted.length > 0 && !trusted.some(({ kind }) => kind === "identity"))
      throw new Failure("cannot", "nbstacks.yaml trusts keys alone, and this release would be signed without one", {
        detail: "Nothing was built, pushed or tagged.",
        hint: "Sign with a key of `trust`, or add the identity of this run there: `identity`, `issuer` and `root`",
      })
    const { keylessSigner } = await import("../../evidence/sign/keyless.ts")
    return { signer: keylessSigner(host.env), trusted }
  }
  const { readPrivateKey } = await import("../../evidence/sign/private-key.ts")
  const { keySigner } = await import("../../evidence/sign/sign.ts")
  const password = host.env["NBSTACKS_SIGNING_PASSWORD"] ?? host.env["COSIGN_PASSWORD"]
  const { what, pem } = await readWritten(host, folder, named)
  const signer = keySigner(readPrivateKey({ what, pem, password }))
  requireTrusted(signer, trusted, what)
  return { signer, trusted }
}

async function readWritten(
  { env, files }: Pick<Context["host"], "env" | "files">,
  folder: string,
  named: string,
): Promise<{ readonly what: string; readonly pem: string }> {
  if (named.includes("-----BEGIN")) return { what: variable, pem: named }
  const name = /^env:\/\/(.+)$/.exec(named)?.[1]
  if (name !== undefined) {
    const pem = env[name]
    if (pem !== undefined && pem !== "") return { what: name, pem }
    throw new Failure("cannot", `There is no private key in the variable ${name}`, {
      hint: "Set it to the text of the key, `-----BEGIN …` and all",
    })
  }
  const path = resolve(folder, named)
  if ((await files.stat(path)) === undefined)
    throw new Failure("cannot", `There is no private key ${path}`, {
      hint: "Make one with `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out signing.key`, or with `cosign generate-key-pair`",
    })
  return { what: named, pem: Buffer.from(await files.read(path)).toString() }
}

/** A release that nobody would believe is not made. */
function requireTrusted({ publicKey }: ImageSigner, trusted: readonly Trusted[], what: string): void {
  if (publicKey === undefined || trusted.length === 0) return
  if (trusted.some((one) => one.kind === "key" && one.key.equals(publicKey))) return
  throw new Failure("cannot", `nbstacks.yaml does not trust the key ${what}`, {
    detail: "Nothing was built, pushed or tagged.",
    hint: "Sign with a key of `trust`, or add its public key there: `openssl pkey -in KEY -pubout`",
  })
}
