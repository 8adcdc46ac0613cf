import { resolve } from "node:path"
import type { Trusted } from "../../evidence/sign/trust.ts"
import { Failure } from "../../failure.ts"
import type { Host } from "../../host/host.ts"
import type { Tree } from "../../tree/tree.ts"

/** Reads whose signatures count, as a tree says it. Nothing is loaded where it says nothing. */
export async function readTrusted(
  host: Pick<Host, "files">,
  { trust, folder }: Pick<Tree, "trust" | "folder">,
): Promise<readonly Trusted[]> {
  return await Promise.all(
    trust.map(async (one): Promise<Trusted> => {
      if ("key" in one) return await readTrustedKey(host, folder, one.key)
      const { readRoot } = await import("../../evidence/sign/trust.ts")
      const { identity, issuer, root } = one
      return {
        kind: "identity",
        name: identity,
        identity,
        issuer,
        root: readRoot(await textOf(host, folder, root), root),
      }
    }),
  )
}

/** Reads a public key whose signatures count. */
export async function readTrustedKey(host: Pick<Host, "files">, folder: string, path: string): Promise<Trusted> {
  const { readPublicKey } = await import("../../evidence/sign/trust.ts")
  return { kind: "key", name: path, key: readPublicKey(await textOf(host, folder, path), path) }
}

async function textOf({ files }: Pick<Host, "files">, folder: string, path: string): Promise<string> {
  const whole = resolve(folder, path)
  if ((await files.stat(whole)) === undefined)
    throw new Failure("cannot", `There is no file ${whole}, by which signatures are verified`, {
      hint: "It is named by `trust` of nbstacks.yaml, or by `--key`; commit it with the tree",
    })
  return Buffer.from(await files.read(whole)).toString()
}
