import type { Finding } from "../../evidence/verify/finding.ts"
import type { Verified } from "../../evidence/verify/verify.ts"
import { count } from "../../report/format.ts"
import type { Colors } from "../io.ts"

/** An image as it was named, and what was found about its index and its platforms. */
export type VerifiedImage = { readonly name: string; readonly verified: readonly Verified[] }

/** A block a manifest, a line a finding, and what it came to. */
export function verifiedText(images: readonly VerifiedImage[], colors: Colors): string {
  const blocks = images.flatMap(({ name, verified }) => verified.map((one) => block(name, one, colors)))
  const all = images.flatMap(({ verified }) => verified)
  const wrong = all.flatMap(({ findings }) => findings).filter(({ status }) => status === "bad")
  const ending =
    wrong.length === 0
      ? `${count(images.length, "image")} verified.`
      : `${count(wrong.length, "thing")} wrong. Do not use what is named above before you know why.`
  return `${blocks.join("\n")}\n${ending}\n`
}

const words: Readonly<Record<Finding["status"], string>> = { ok: "ok", bad: "WRONG", note: "note" }

function block(name: string, { digest, platform, findings }: Verified, { bold, green, red, dim }: Colors): string {
  const paint = { ok: green, bad: red, note: dim }
  return [
    `${bold(name)}  ${platform ?? "index"}  ${digest}`,
    ...findings.map(
      ({ status, what, says }) => `  ${paint[status](words[status].padEnd(5))}  ${what.padEnd(10)}  ${says}`,
    ),
    "",
  ].join("\n")
}

/** The same for programs. */
export function verifiedJson(images: readonly VerifiedImage[]): object {
  const isGood = ({ findings }: Verified): boolean => findings.every(({ status }) => status !== "bad")
  return {
    verified: images.every(({ verified }) => verified.every(isGood)),
    images: images.map(({ name, verified }) => ({
      image: name,
      manifests: verified.map((one) => ({ ...one, platform: one.platform ?? null, verified: isGood(one) })),
    })),
  }
}
