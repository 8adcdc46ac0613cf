import type { Finding } from "../../evidence/verify/finding.ts"
import type { Verified } from "../../evidence/verify/verify.ts"
import { count } from "../../report/format.ts"
import { oneLine } from "../columns.ts"
import type { Colors } from "../io.ts"

/** An image as it was named and what was found about its index and its platforms; or the record of a release. */
export type VerifiedImage = {
  readonly name: string
  readonly kind: "image" | "release"
  readonly verified: readonly Verified[]
}

/** A block a manifest, a line a finding, and what it came to. */
export function verifiedText(images: readonly VerifiedImage[], colors: Colors): string {
  const blocks = images.flatMap((image) => image.verified.map((one) => block(image, one, colors)))
  const all = images.flatMap(({ verified }) => verified)
  const wrong = all.flatMap(({ findings }) => findings).filter(({ status }) => status === "bad")
  const ending =
    wrong.length === 0
      ? `${count(images.filter(({ kind }) => kind === "image").length, "image")} verified.`
      : `${count(wrong.length, "thing")} wrong. Do not use what is named above before you know why.`
  return `${blocks.join("\n")}\n${ending}\n`
}

const words: Readonly<Record<Finding["status"], string>> = { ok: "ok", bad: "WRONG", note: "note" }

function block(
  { name, kind }: VerifiedImage,
  { digest, platform, findings }: Verified,
  { bold, green, red, dim }: Colors,
): string {
  const paint = { ok: green, bad: red, note: dim }
  return [
    `${bold(oneLine(name))}  ${platform ?? (kind === "release" ? "record" : "index")}  ${digest}`,
    ...findings.map(
      ({ status, what, says }) => `  ${paint[status](words[status].padEnd(5))}  ${what.padEnd(10)}  ${oneLine(says)}`,
    ),
    "",
  ].join("\n")
}

/** The same for programs. */
export function verifiedJson(images: readonly VerifiedImage[]): object {
  const isGood = ({ findings }: Verified): boolean => findings.every(({ status }) => status !== "bad")
  return {
    verified: images.every(({ verified }) => verified.every(isGood)),
    images: images.map(({ name, kind, verified }) => ({
      image: name,
      kind,
      manifests: verified.map((one) => ({ ...one, platform: one.platform ?? null, verified: isGood(one) })),
    })),
  }
}
