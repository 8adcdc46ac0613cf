import { z } from "zod"
import { readPart, type ArtifactManifest } from "../../oci/artifact.ts"
import type { Descriptor } from "../../oci/descriptor.ts"
import { partsOf } from "../../oci/digest.ts"
import type { Image } from "../../oci/image.ts"
import { jsonOf } from "../../oci/json-of.ts"
import type { Location } from "../../oci/store/store.ts"
import { count } from "../../report/format.ts"
import { sentenceOf } from "../sentence.ts"
import { artifactTypes } from "../../tree/labels.ts"
import { checkNotes } from "../attach.ts"
import { readFacts } from "../record/facts-part.ts"
import { InventoryRecord, mismatchOf } from "../record/inventory-part.ts"
import { KeptProvenance } from "../record/provenance.ts"
import { KeptRecipe } from "../record/recipe.ts"
import { bad, ok, type Finding, type Subject } from "./finding.ts"

/** An image with evidence beside it. */
export type Beside = { readonly location: Location; readonly image: Image; readonly artifact: ArtifactManifest }

/** What every evidence has, and what it is called. */
const required: readonly (readonly [type: string, what: Subject, name: string])[] = [
  [artifactTypes.checkReport, "checks", "check report"],
  [artifactTypes.inventory, "inventory", "inventory"],
  [artifactTypes.recipe, "recipe", "recipe"],
  [artifactTypes.provenance, "provenance", "provenance"],
]

/** Every part of an evidence: whether it is there, what its digest says, of the right form, and about this image. */
export async function partFindings(beside: Beside): Promise<readonly Finding[]> {
  const { layers } = beside.artifact
  const missing = required
    .filter(([type]) => !layers.some(({ mediaType }) => mediaType === type))
    .map(([, what, name]) => bad(what, `the evidence has no ${name}`))
  const found = await Promise.all(layers.map((descriptor) => partFinding(beside, descriptor)))
  return [...missing, ...found.flat(), ...agreement(beside, found.flat())]
}

async function partFinding(beside: Beside, descriptor: Descriptor): Promise<readonly (Finding & Said)[]> {
  const { store, repository } = beside.location
  const judge = judges[descriptor.mediaType]
  const what = judge?.what ?? "evidence"
  const name = descriptor.annotations?.["org.opencontainers.image.title"] ?? descriptor.mediaType
  try {
    const bytes = await readPart(store, repository, descriptor)
    if (judge === undefined) return []
    const said = await judge.judge(bytes, beside)
    return said === undefined ? [] : [said]
  } catch (error) {
    return [bad(what, `${name} cannot be believed: ${sentenceOf(error)}`)]
  }
}

/** What parts say that have to say the same. */
type Said = { readonly key?: string | undefined; readonly checkKey?: string | undefined }

function agreement({ artifact }: Beside, findings: readonly (Finding & Said)[]): readonly Finding[] {
  const differ = (values: readonly (string | undefined)[]): boolean =>
    new Set(values.filter((value) => value !== undefined)).size > 1
  const wrong: Finding[] = []
  if (differ(findings.map(({ key }) => key)))
    wrong.push(bad("provenance", "the recipe and the provenance are about builds of two keys"))
  if (differ([artifact.annotations?.[checkNotes.check], ...findings.map(({ checkKey }) => checkKey)]))
    wrong.push(bad("checks", "the evidence, its check report and its provenance name several check keys"))
  return wrong
}

type Judge = {
  readonly what: Subject
  readonly judge: (bytes: Uint8Array, beside: Beside) => Promise<(Finding & Said) | undefined>
}

const Report = z.looseObject({
  version: z.literal(1),
  key: z.string(),
  image: z.string(),
  passed: z.int(),
  failed: z.int(),
  results: z.array(z.looseObject({ name: z.string(), status: z.enum(["passed", "failed", "not-run"]) })),
})

const judges: Readonly<Record<string, Judge>> = {
  [artifactTypes.checkReport]: {
    what: "checks",
    judge: async (bytes, { location, artifact }) => {
      const report = parsed(bytes, Report)
      if (report === undefined) return bad("checks", "the check report is not of a form that nbstacks reads")
      const { key: checkKey, image, passed, failed, results } = report
      if (image !== location.digest) return bad("checks", `the check report is about ${image}`)
      const counted = (status: string): number => results.filter((one) => one.status === status).length
      const { annotations } = artifact
      const same =
        counted("passed") === passed &&
        counted("failed") === failed &&
        annotations?.[checkNotes.passed] === String(passed) &&
        annotations[checkNotes.failed] === String(failed)
      if (!same) return bad("checks", "the check report does not count what it lists")
      if (failed > 0) return bad("checks", `${count(failed, "check")} failed`)
      const later = counted("not-run")
      return { ...ok("checks", `${passed} passed${later === 0 ? "" : `, ${later} not run yet`}`), checkKey }
    },
  },
  [artifactTypes.inventory]: {
    what: "inventory",
    judge: async (bytes, { location, image }) => {
      const record = parsed(bytes, InventoryRecord)
      if (record === undefined) return bad("inventory", "the inventory is not of a form that nbstacks reads")
      const wrong = mismatchOf(record, image, location.digest)
      if (wrong !== undefined) return bad("inventory", `the inventory is of another image: ${wrong}`)
      const packages = record.items.filter(({ kind }) => kind === "package").length
      return ok("inventory", count(packages, "package"))
    },
  },
  [artifactTypes.layerFacts]: {
    what: "inventory",
    // Of another version there are none, which is no harm: layers are read then.
    judge: async (bytes, { image }) => {
      const layers = new Set(image.layers.map(({ descriptor }) => descriptor.digest))
      const other = [...(await readFacts(bytes)).keys()].find((digest) => !layers.has(digest))
      return other === undefined ? undefined : bad("inventory", `what is said of layers is about another: ${other}`)
    },
  },
  [artifactTypes.recipe]: {
    what: "recipe",
    judge: async (bytes, { image }) => {
      const recipe = parsed(bytes, KeptRecipe)
      if (recipe === undefined) return bad("recipe", "the recipe is not of a form that nbstacks reads")
      if (recipe.platform !== image.platform) return bad("recipe", `the recipe is for ${recipe.platform}`)
      const from = recipe.from === null ? "from nothing" : `from ${recipe.from.name}@${recipe.from.digest}`
      return { ...ok("recipe", `${recipe.row}, ${from}`), key: recipe.key }
    },
  },
  [artifactTypes.provenance]: {
    what: "provenance",
    judge: async (bytes, { location, artifact }) => {
      const statement = parsed(bytes, KeptProvenance)
      if (statement === undefined) return bad("provenance", "the provenance is not of a form that nbstacks reads")
      const { algorithm, hex } = partsOf(location.digest)
      if (!statement.subject.some(({ digest }) => digest[algorithm] === hex))
        return bad("provenance", "the provenance is about another image")
      const { externalParameters, internalParameters, resolvedDependencies } = statement.predicate.buildDefinition
      const named = [...resolvedDependencies, ...(statement.predicate.runDetails.byproducts ?? [])]
      for (const [type, name] of [
        [artifactTypes.recipe, "recipe.json"],
        [artifactTypes.checkReport, "checks.json"],
      ] as const) {
        const part = artifact.layers.find(({ mediaType }) => mediaType === type)
        const said = named.find((one) => one.name === name)?.digest?.["sha256"]
        if (part !== undefined && part.digest !== `sha256:${said}`)
          return bad("provenance", `it is about another ${name} than the one beside it`)
      }
      const { commit, branch } = externalParameters
      const run = statement.predicate.runDetails.metadata?.invocationId
      const where = [commit?.slice(0, 12), branch, run].filter((text) => text !== undefined).join(", ")
      return { ...ok("provenance", where === "" ? "no commit" : where), ...internalParameters }
    },
  },
  [artifactTypes.spdx]: { what: "sbom", judge: async (bytes, beside) => sbomFinding(bytes, beside, "SPDX") },
  [artifactTypes.cyclonedx]: { what: "sbom", judge: async (bytes, beside) => sbomFinding(bytes, beside, "CycloneDX") },
}

const Spdx = z.looseObject({
  spdxVersion: z.literal("SPDX-2.3"),
  packages: z.array(z.looseObject({ SPDXID: z.string(), versionInfo: z.string().optional() })),
})
const CycloneDx = z.looseObject({
  bomFormat: z.literal("CycloneDX"),
  metadata: z.looseObject({ component: z.looseObject({ version: z.string() }) }),
  components: z.array(z.unknown()).optional(),
})

function sbomFinding(bytes: Uint8Array, { location }: Beside, format: "SPDX" | "CycloneDX"): Finding {
  const spdx = format === "SPDX" ? parsed(bytes, Spdx) : undefined
  const cyclonedx = format === "CycloneDX" ? parsed(bytes, CycloneDx) : undefined
  if (spdx === undefined && cyclonedx === undefined) return bad("sbom", `the bill of materials is no ${format}`)
  const about = spdx === undefined ? cyclonedx?.metadata.component.version : rootOf(spdx)
  if (about !== location.digest) return bad("sbom", `the bill of materials is about ${about ?? "nothing"}`)
  return ok(
    "sbom",
    `${format}, ${count(spdx === undefined ? (cyclonedx?.components ?? []).length : spdx.packages.length - 1, "package")}`,
  )
}

function rootOf({ packages }: z.infer<typeof Spdx>): string | undefined {
  return packages.find(({ SPDXID }) => SPDXID === "SPDXRef-Image")?.versionInfo
}

function parsed<T>(bytes: Uint8Array, schema: z.ZodType<T>): T | undefined {
  return schema.safeParse(jsonOf(bytes)).data
}
