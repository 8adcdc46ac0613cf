import { z } from "zod"
import { defaultsSchema, imageSchema, platformSchema } from "./image.ts"
import { either, empty, fields, list, map, matching, someText, text, word, says } from "./texts.ts"
import type { WrittenConfig } from "./written.ts"

const repository = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/

const secret = fields({
  environment: someText("The variable that holds the value.").optional(),
  file: someText("The file that holds the value: absolute, or below the tree's folder.").optional(),
}).describe("One secret: `environment` or `file`.")

const trusted = either(
  [
    fields({ key: someText("The file of a public key in PEM, below the tree's folder.") }).describe(
      "The owner of a key.",
    ),
    fields({
      identity: someText("In full, as the certificate has it: the URL of a workflow with its branch, or an address."),
      issuer: someText("Who vouches for the identity, such as `https://token.actions.githubusercontent.com`."),
      root: someText("The file of a Sigstore trusted root, below the tree's folder."),
    }).describe("Somebody who signs without a key, as a workflow of GitHub does."),
  ],
  "must be a map with `key`, or with `identity`, `issuer` and `root`",
)

/** The whole of `nbstacks.yaml`. */
export const fileSchema: z.ZodType<WrittenConfig> = fields({
  version: z
    .literal(1, { error: says("version", "must be 1, the only version of this language") })
    .describe("The version of this language: 1."),
  registry: someText(
    "Where images go: a registry host and a path, such as `ghcr.io/example-hub`, or a path to an OCI layout. Without this, the local store.",
  ).optional(),
  state: matching(repository, {
    rule: "repository-name",
    sentence: "must be a legal repository path (small letters, digits, `.`, `_`, `-` and `/`)",
    description: "The repository below the registry that keeps what was built and released. `nbstacks` without this.",
  }).optional(),
  platforms: list(platformSchema, "platforms")
    .min(1, { error: empty })
    .describe("Platforms of images that have no parent in this tree. `[linux/amd64]` without this.")
    .optional(),
  tags: list(text("A template with `{release}`, `{date}`, `{git}` or an axis."), "tags")
    .min(1, { error: empty })
    .describe('Tags that every release sets once. `["{release}"]` without this.')
    .optional(),
  tagging: word(
    ["tree", "changed"],
    "`tree`: every image gets each release's tags. `changed`: only new images do. `tree` without this.",
  ).optional(),
  defaults: defaultsSchema.describe("What every image has unless it says otherwise.").optional(),
  secrets: map(
    matching(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, {
      rule: "secret-name",
      sentence: "must be a name of letters, digits, `_`, `.` and `-`",
      description: "The id of a secret.",
    }),
    secret,
    "names to secrets",
  )
    .describe("Secrets that Dockerfiles may mount. Their ids are part of keys, their values never.")
    .optional(),
  evidence: fields({
    sbom: word(
      ["spdx", "cyclonedx", "both", "none"],
      "Which bill of materials is kept beside each image. `nbstacks sbom` writes either at any time. `spdx` without this.",
    ).optional(),
  })
    .describe("What is kept beside each image that is published.")
    .optional(),
  trust: list(trusted, "those whose signatures count")
    .min(1, { error: empty })
    .describe("Whose signatures count. With this, `publish` signs, or does not publish.")
    .optional(),
  images: map(
    matching(/^[a-z0-9]+(?:[.-][a-z0-9]+)*$/, {
      rule: "image-key",
      sentence: "must be small letters and digits, with single `.` or `-` between them",
      description: "The name of an image.",
    }),
    imageSchema.describe("One image: how it is made, on what, and what must hold for it."),
    "images",
  ).describe("The images, by name."),
})
