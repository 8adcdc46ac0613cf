/** The image label that says where the environment is: `Prefix` as JSON (design, decision 8). */
export const environmentLabel = "io.nbstacks.environment"

/** Media and artifact types of what nbstacks keeps in registries. */
export const artifactTypes = {
  key: "application/vnd.nbstacks.key.v1+json",
  release: "application/vnd.nbstacks.release.v1+json",
  evidence: "application/vnd.nbstacks.evidence.v1+json",
  recipe: "application/vnd.nbstacks.recipe.v1+json",
  checkReport: "application/vnd.nbstacks.check-report.v1+json",
  inventory: "application/vnd.nbstacks.inventory.v1+json",
  layerFacts: "application/vnd.nbstacks.layer-facts.v1+gzip",
  provenance: "application/vnd.in-toto+json",
  spdx: "application/spdx+json",
  cyclonedx: "application/vnd.cyclonedx+json",
  /** A signature as cosign 3 and others keep it. */
  bundle: "application/vnd.dev.sigstore.bundle.v0.3+json",
} as const
