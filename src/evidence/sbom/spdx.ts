import { createHash } from "node:crypto"
import type { Material, Materials } from "./sbom.ts"

/** Who writes, and when: what a document says of itself. */
export type Written = { readonly version: string; readonly at: Date }

/**
 * The materials as an SPDX 2.3 document in JSON. The same image gives the same document but for its time.
 * https://spdx.github.io/spdx-spec/v2.3/
 */
export function spdxDocument(materials: Materials, { version, at }: Written): object {
  const { subject, system, packages } = materials
  const licences = new Map<string, string>()
  const entries = packages.map((one) => packageEntry(one, licences))
  const root = "SPDXRef-Image"
  return {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: `${subject.name} (${subject.platform})`,
    // A namespace is a name and no address; the same image has the same one. RFC 9562, version 8.
    documentNamespace: `https://spdx.org/spdxdocs/nbstacks-${uuidOf(`${subject.digest} ${version}`)}`,
    creationInfo: { created: `${at.toISOString().slice(0, 19)}Z`, creators: [`Tool: nbstacks-${version}`] },
    documentDescribes: [root],
    packages: [
      {
        SPDXID: root,
        name: subject.name,
        versionInfo: subject.digest,
        downloadLocation: "NOASSERTION",
        filesAnalyzed: false,
        primaryPackagePurpose: "CONTAINER",
        licenseConcluded: "NOASSERTION",
        licenseDeclared: "NOASSERTION",
        copyrightText: "NOASSERTION",
        checksums: [{ algorithm: "SHA256", checksumValue: subject.digest.replace(/^sha256:/, "") }],
        ...(system === undefined ? {} : { comment: system.name }),
      },
      ...entries,
    ],
    hasExtractedLicensingInfos: [...licences].map(([words, licenseId]) => ({
      licenseId,
      name: words,
      extractedText: words,
    })),
    relationships: [
      { spdxElementId: "SPDXRef-DOCUMENT", relationshipType: "DESCRIBES", relatedSpdxElement: root },
      ...entries.map(({ SPDXID }) => ({
        spdxElementId: root,
        relationshipType: "CONTAINS",
        relatedSpdxElement: SPDXID,
      })),
    ],
  }
}

/** `licences` has the identifiers of licences that are no expressions, by their words; new ones are added. */
function packageEntry(
  { package: { name, version, ecosystem, origin }, purl, licence, paths }: Material,
  licences: Map<string, string>,
): { readonly SPDXID: string; readonly [field: string]: unknown } {
  const declared = ((): string => {
    if (licence === undefined) return "NOASSERTION"
    if ("expression" in licence) return licence.expression
    const known = licences.get(licence.words)
    if (known !== undefined) return known
    const id = `LicenseRef-${licences.size + 1}`
    licences.set(licence.words, id)
    return id
  })()
  const isAddress = ecosystem === "pypi" && origin !== undefined && /^(?:git\+)?https?:\/\//.test(origin)
  return {
    SPDXID: `SPDXRef-Package-${ecosystem}-${createHash("sha256").update(purl).digest("hex").slice(0, 16)}`,
    name,
    versionInfo: version,
    downloadLocation: isAddress ? origin : "NOASSERTION",
    filesAnalyzed: false,
    licenseConcluded: "NOASSERTION",
    licenseDeclared: declared,
    copyrightText: "NOASSERTION",
    sourceInfo: `found in ${paths.join(", ")}`,
    externalRefs: [{ referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: purl }],
  }
}

/** A UUID that is always the same for a text: version 8 is for such uses. https://www.rfc-editor.org/rfc/rfc9562#section-5.8 */
export function uuidOf(text: string): string {
  const hash = createHash("sha256").update(text).digest("hex")
  const variant = ((Number.parseInt(hash[16] ?? "0", 16) & 0x3) | 0x8).toString(16)
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    `${variant}${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join("-")
}
