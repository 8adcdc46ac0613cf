/** The image label that says where the environment is: `Prefix` as JSON (design, decision 8). */
export const environmentLabel = "io.nbstacks.environment"

/** Media and artifact types of what nbstacks keeps in registries. */
export const artifactTypes = {
  key: "application/vnd.nbstacks.key.v1+json",
  release: "application/vnd.nbstacks.release.v1+json",
  evidence: "application/vnd.nbstacks.evidence.v1+json",
  recipe: "application/vnd.nbstacks.recipe.v1+json",
  checkReport: "application/vnd.nbstacks.check-report.v1+json",
} as const
