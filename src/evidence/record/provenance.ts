import { z } from "zod"
import { jsonPart, type Part } from "../../oci/artifact.ts"
import { digestOf, partsOf, type Digest } from "../../oci/digest.ts"
import { artifactTypes } from "../../tree/labels.ts"
import type { Step } from "../../tree/step.ts"
import { purlOf } from "../sbom/purl.ts"
import type { CheckKey } from "../../plan/check-key.ts"
import type { Recipe } from "./recipe.ts"

/** Where a tree came from: a commit, and what a CI system calls its run. */
export type Origin = {
  readonly commit?: string | undefined
  readonly branch?: string | undefined
  readonly dirty: boolean
  readonly run?: string | undefined
}

export type ProvenanceInput = {
  readonly image: Digest
  /** The repository as a registry's clients call it. */
  readonly name: string
  readonly recipe: Recipe
  readonly recipePart: Part
  readonly check: { readonly key: CheckKey; readonly passed: number; readonly report: Part | undefined }
  readonly origin: Origin
  /** Of nbstacks. */
  readonly version: string
}

/** https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md */
export const statementType = "https://in-toto.io/Statement/v1"
/** https://slsa.dev/spec/v1.1/provenance */
export const provenanceType = "https://slsa.dev/provenance/v1"
/** What is in `externalParameters` and `internalParameters`: see the guide to evidence. */
const buildType = "urn:nbstacks:build:v1"
const builderId = "urn:nbstacks:builder"

/** How an image came to be, as SLSA provenance in an in-toto statement: inputs by digest, no secrets, no times. */
export function provenancePart({ image, name, recipe, ...input }: ProvenanceInput): Part {
  const { origin, check } = input
  const statement = {
    _type: statementType,
    subject: [{ name, digest: digestMap(image) }],
    predicateType: provenanceType,
    predicate: {
      buildDefinition: {
        buildType,
        externalParameters: {
          row: recipe.row,
          platform: recipe.platform,
          steps: recipe.steps.map(({ kind }) => kind),
          ...(origin.commit === undefined ? {} : { commit: origin.commit }),
          ...(origin.branch === undefined ? {} : { branch: origin.branch }),
          uncommittedChanges: origin.dirty,
        },
        internalParameters: { key: recipe.key, checkKey: check.key },
        resolvedDependencies: dependenciesOf(recipe, input),
      },
      runDetails: {
        builder: { id: builderId, version: { nbstacks: input.version } },
        ...(origin.run === undefined ? {} : { metadata: { invocationId: origin.run } }),
        ...(check.report === undefined
          ? {}
          : { byproducts: [described("checks.json", check.report, { passed: String(check.passed) })] }),
      },
    },
  }
  return jsonPart(artifactTypes.provenance, statement, "provenance.json")
}

type Dependency = {
  readonly name?: string
  readonly uri?: string
  readonly digest?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, unknown>>
}

function dependenciesOf(
  { from, uses, steps }: Recipe,
  { recipePart, origin }: Pick<ProvenanceInput, "recipePart" | "origin">,
): readonly Dependency[] {
  return [
    ...(origin.commit === undefined ? [] : [{ name: "source", digest: { gitCommit: origin.commit } }]),
    described("recipe.json", recipePart),
    ...(from === null ? [] : [{ name: from.name, digest: digestMap(from.digest) }]),
    ...Object.entries(uses).map(([name, digest]) => ({ name, digest: digestMap(digest) })),
    ...steps.flatMap(dependenciesOfStep),
  ]
}

function dependenciesOfStep(step: Step): readonly Dependency[] {
  if (step.kind === "bootstrap")
    return step.locked.map(({ name, version }) => ({
      uri: purlOf(
        { kind: "package", ecosystem: "deb", name, version },
        { kind: "system", id: "debian", name: "Debian", version: step.suite },
      ),
    }))
  if (step.kind === "pypi")
    return step.requirements.map(({ name, version, url, hashes }) => ({
      uri: url ?? purlOf({ kind: "package", ecosystem: "pypi", name, version }, undefined),
      // Of several files which one fits is decided by the platform: then each of their hashes is named.
      ...(hashes.length === 1
        ? { digest: { sha256: (hashes[0] ?? "").replace(/^sha256:/, "") } }
        : { annotations: { hashes } }),
    }))
  if (step.kind === "dockerfile")
    return [
      { name: "Dockerfile", digest: { sha256: step.dockerfile } },
      ...Object.entries(step.external).map(([name, digest]) => ({ name, digest: digestMap(digest) })),
      ...Object.entries(step.urls).map(([uri, sha256]) => ({ uri, digest: { sha256 } })),
    ]
  // Files are in the recipe, each by its hash.
  return []
}

function described(name: string, part: Part, annotations?: Readonly<Record<string, string>>): Dependency {
  return {
    name,
    digest: digestMap(digestOf(part.bytes)),
    ...(annotations === undefined ? {} : { annotations }),
  }
}

/** A digest as in-toto writes one. */
export function digestMap(digest: Digest): Readonly<Record<string, string>> {
  const { algorithm, hex } = partsOf(digest)
  return { [algorithm]: hex }
}

/** What `verify` relies on in a provenance. */
export type KeptProvenance = {
  readonly subject: readonly { readonly digest: Readonly<Record<string, string>> }[]
  readonly predicate: {
    readonly buildDefinition: {
      readonly externalParameters: {
        readonly row: string
        readonly commit?: string | undefined
        readonly branch?: string | undefined
      }
      readonly internalParameters: { readonly key: string; readonly checkKey: string }
      readonly resolvedDependencies: readonly Named[]
    }
    readonly runDetails: {
      readonly byproducts?: readonly Named[] | undefined
      readonly metadata?: { readonly invocationId?: string | undefined } | undefined
    }
  }
}

type Named = { readonly name?: string | undefined; readonly digest?: Readonly<Record<string, string>> | undefined }

const Named: z.ZodType<Named> = z.looseObject({
  name: z.string().optional(),
  digest: z.record(z.string(), z.string()).optional(),
})

export const KeptProvenance: z.ZodType<KeptProvenance> = z.looseObject({
  _type: z.literal(statementType),
  subject: z.array(z.looseObject({ digest: z.record(z.string(), z.string()) })),
  predicateType: z.literal(provenanceType),
  predicate: z.looseObject({
    buildDefinition: z.looseObject({
      buildType: z.literal(buildType),
      externalParameters: z.looseObject({
        row: z.string(),
        commit: z.string().optional(),
        branch: z.string().optional(),
      }),
      internalParameters: z.looseObject({ key: z.string(), checkKey: z.string() }),
      resolvedDependencies: z.array(Named),
    }),
    runDetails: z.looseObject({
      byproducts: z.array(Named).optional(),
      metadata: z.looseObject({ invocationId: z.string().optional() }).optional(),
    }),
  }),
})
