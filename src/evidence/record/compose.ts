import { jsonPart, type Part } from "../../oci/artifact.ts"
import type { Digest } from "../../oci/digest.ts"
import type { Image } from "../../oci/image.ts"
import { artifactTypes } from "../../tree/labels.ts"
import type { CheckEvidence } from "../attach.ts"
import { inventoryFrom } from "../inventory/inventory.ts"
import type { LayerFacts } from "../inventory/layer-facts.ts"
import { sbomDocument } from "../sbom/document.ts"
import type { SbomFormat } from "../sbom/formats.ts"
import { factsPart } from "./facts-part.ts"
import { inventoryPart } from "./inventory-part.ts"
import { provenancePart, type Origin } from "./provenance.ts"
import { recipePart, type Recipe } from "./recipe.ts"

/** Everything that is established about an image when it is published. */
export type Established = {
  readonly digest: Digest
  /** The repository as a registry's clients call it. */
  readonly name: string
  readonly image: Image
  /** Of each layer, from the bottom. */
  readonly facts: readonly LayerFacts[]
  readonly recipe: Recipe
  readonly check: CheckEvidence
  readonly origin: Origin
  readonly sboms: readonly SbomFormat[]
  /** Of nbstacks. */
  readonly version: string
}

/** The parts of an image's evidence, in this order: check reports, inventory, facts of layers, recipe, provenance, bills of materials. */
export async function composeParts(established: Established): Promise<readonly Part[]> {
  const { digest, name, image, facts, recipe, check, origin, sboms, version } = established
  const inventory = inventoryFrom(facts)
  const made = recipePart(recipe)
  const report = check.parts.find(({ mediaType }) => mediaType === artifactTypes.checkReport)
  return [
    ...check.parts,
    inventoryPart(image, digest, inventory),
    await factsPart(image, facts),
    made,
    provenancePart({
      image: digest,
      name,
      recipe,
      recipePart: made,
      check: { key: check.key, passed: check.passed, report },
      origin,
      version,
    }),
    ...(await Promise.all(
      sboms.map(async (format) =>
        jsonPart(
          artifactTypes[format],
          await sbomDocument(format, { name, digest, image, items: inventory.items }, version),
          format === "spdx" ? "sbom.spdx.json" : "sbom.cdx.json",
        ),
      ),
    )),
  ]
}
