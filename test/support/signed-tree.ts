import type { Host } from "../../src/host/host.ts"
import type { Digest } from "../../src/oci/digest.ts"
import { findCosign } from "./cosign.ts"
import { openSandbox, type Sandbox } from "./sandbox.ts"

const password = "correct horse"

/** base ← lab, signed with a key that cosign made. */
export async function openSignedTree(host: Host, registry: string, parent: string): Promise<Sandbox> {
  const sandbox = await openSandbox(host, { NBSTACKS_SIGNING_PASSWORD: password, NBSTACKS_SIGNING_KEY: "cosign.key" })
  await sandbox.write({
    "nbstacks.yaml": `version: 1
registry: ${registry}
defaults: {checks: {profile: none}}
evidence: {sbom: both}
trust: [{key: cosign.pub}]
images:
  base:
    from: ${parent}
    files: [{from: base, to: /srv/base/}]
    checks: {commands: ["cat /srv/base/note.txt"]}
  lab:
    from: base
    files: [{from: lab, to: /srv/lab/}]
`,
    "base/note.txt": "base\n",
    "lab/lab.txt": "lab\n",
    ".gitignore": "*.key\n",
  })
  await cosign(host, sandbox, "generate-key-pair")
  await sandbox.git("init", "-q", "-b", "main")
  await done(sandbox, "lock")
  await commit(sandbox, "Begin")
  return sandbox
}

/** Runs cosign in a sandbox's folder; fails loudly. */
export async function cosign(host: Host, sandbox: Sandbox, ...args: readonly string[]): Promise<string> {
  const argv = [await findCosign(host), ...args] as const
  const env = { ...sandbox.env, COSIGN_PASSWORD: password }
  const { code, stdout, stderr } = await host.run({ argv, cwd: sandbox.folder, env, timeout: 120_000 })
  if (code !== 0) throw new Error(stderr)
  return stdout
}

/** Commits all that is in a sandbox. */
export async function commit(sandbox: Sandbox, message: string): Promise<void> {
  await sandbox.git("add", "-A")
  await sandbox.git("commit", "-q", "-m", message)
}

/** Runs the program, which has to succeed. */
export async function done(sandbox: Sandbox, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await sandbox.nbstacks(...args)
  if (code !== 0) throw new Error(`${args.join(" ")}: ${stderr}${stdout}`)
  return stdout
}

/** What `verify --json` prints. */
export type Verified = {
  readonly verified: boolean
  readonly images: readonly {
    readonly image: string
    readonly kind: "image" | "release"
    readonly manifests: readonly {
      readonly digest: Digest
      readonly platform: string | null
      readonly findings: readonly { readonly what: string; readonly status: string; readonly says: string }[]
    }[]
  }[]
}

/** Runs `verify`, whatever it comes to. */
export async function verify(
  sandbox: Sandbox,
  ...args: readonly string[]
): Promise<Verified & { readonly code: number }> {
  const { code, stdout, stderr } = await sandbox.nbstacks("verify", "--json", ...args)
  if (stdout === "") throw new Error(stderr)
  return { ...(JSON.parse(stdout) as Verified), code }
}

/** What is wrong, as `what: says`. */
export function wrong({ images }: Verified): readonly string[] {
  const all = images.flatMap(({ manifests }) => manifests.flatMap(({ findings }) => findings))
  return all.filter(({ status }) => status === "bad").map(({ what, says }) => `${what}: ${says}`)
}

/** The index and the image of a row that was verified. */
export function digestsOf(found: Verified, image: string): { readonly index: Digest; readonly platform: Digest } {
  const manifests = found.images.find((one) => one.image === image)?.manifests ?? []
  const [index, platform] = [null, "linux/amd64"].map((one) => manifests.find((it) => it.platform === one)?.digest)
  if (index === undefined || platform === undefined) throw new Error(`${image} was not verified`)
  return { index, platform }
}

/** Makes a private key beside a sandbox's folder, and its public half in it: `../NAME.key` and `NAME.pub`. */
export async function makeKey(host: Host, { folder }: Sandbox, name: string): Promise<void> {
  for (const argv of [
    ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", `../${name}.key`],
    ["openssl", "pkey", "-in", `../${name}.key`, "-pubout", "-out", `${name}.pub`],
  ] as const) {
    const { code, stderr } = await host.run({ argv, cwd: folder })
    if (code !== 0) throw new Error(stderr)
  }
}
