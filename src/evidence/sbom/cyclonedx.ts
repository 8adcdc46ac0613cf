import * as Enums from "@cyclonedx/cyclonedx-library/Enums"
import * as Models from "@cyclonedx/cyclonedx-library/Models"
import * as Serialize from "@cyclonedx/cyclonedx-library/Serialize"
import * as Spdx from "@cyclonedx/cyclonedx-library/SPDX"
import * as Spec from "@cyclonedx/cyclonedx-library/Spec"
import type { Licence } from "./licence.ts"
import { uuidOf, type Written } from "./spdx.ts"
import type { Material, Materials } from "./sbom.ts"

/**
 * The materials as a CycloneDX 1.6 document in JSON, written by CycloneDX's own library. The same image gives the same document
 * but for its time. https://cyclonedx.org/docs/1.6/json/
 */
export function cyclonedxDocument(materials: Materials, { version, at }: Written): object {
  const { subject, system, packages } = materials
  const image = new Models.Component(Enums.ComponentType.Container, subject.name, {
    bomRef: subject.digest,
    version: subject.digest,
    hashes: new Models.HashDictionary([[Enums.HashAlgorithm["SHA-256"], subject.digest.replace(/^sha256:/, "")]]),
  })
  image.properties.add(new Models.Property("nbstacks:platform", subject.platform))
  const tool = new Models.Component(Enums.ComponentType.Application, "nbstacks", { version })
  const bom = new Models.Bom({
    serialNumber: `urn:uuid:${uuidOf(`cyclonedx ${subject.digest} ${version}`)}`,
    metadata: new Models.Metadata({
      timestamp: at,
      component: image,
      tools: new Models.Tools({ components: new Models.ComponentRepository([tool]) }),
    }),
  })
  if (system !== undefined)
    bom.components.add(
      new Models.Component(Enums.ComponentType.OperatingSystem, system.id, {
        bomRef: `os:${system.id}`,
        description: system.name,
        ...(system.version === undefined ? {} : { version: system.version }),
      }),
    )
  for (const material of packages) bom.components.add(componentOf(material))
  const spec = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6)
  return JSON.parse(new Serialize.JsonSerializer(spec).serialize(bom, { sortLists: true })) as object
}

function componentOf({ package: { name, version }, purl, licence, paths }: Material): Models.Component {
  const component = new Models.Component(Enums.ComponentType.Library, name, { bomRef: purl, version, purl })
  if (licence !== undefined) component.licenses.add(licenceObject(licence))
  for (const path of paths) component.properties.add(new Models.Property("nbstacks:path", path))
  return component
}

/** One licence of SPDX's list is said by its identifier, several as an expression, others by their words. */
function licenceObject(licence: Licence): Models.License {
  if ("words" in licence) return new Models.NamedLicense(licence.words)
  const { expression } = licence
  return Spdx.isSupportedSpdxId(expression)
    ? new Models.SpdxLicense(expression)
    : new Models.LicenseExpression(expression)
}
