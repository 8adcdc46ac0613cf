import { z } from "zod"
import { consumers } from "../../tree/consumers.ts"
import { growthShape, sizeShape } from "../amounts.ts"
import { checksSchema } from "./checks.ts"
import { either, empty, fields, flag, list, map, matching, says, someText, text, whole, word } from "./texts.ts"
import type { WrittenDefaults, WrittenImage } from "./written.ts"

const size = (description: string): z.ZodOptional<z.ZodString> =>
  matching(sizeShape, {
    rule: "size",
    sentence: "must be a size such as 800MB, 1.5GB or 2GiB",
    description,
  }).optional()

const budgetSchema = fields({
  layer: size("Bytes of one compressed layer at most, such as `800MB`. 800MB without this."),
  layers: whole(1, 99)
    .describe("The image's own layers at most, not counting its parent's. 40 without this.")
    .optional(),
  image: size("Bytes of the whole compressed image at most, such as `9GB`. No bound without this."),
  grow: matching(growthShape, {
    rule: "growth",
    sentence: "must be a share such as 5% or 2.5%",
    description:
      "How much larger than in the newest release the compressed image may be, such as `5%`. No bound without this.",
  }).optional(),
})

const environmentName = (): z.ZodString =>
  matching(/^[A-Za-z_][A-Za-z0-9_]*$/, {
    rule: "variable-name",
    sentence: "must be a variable's name (letters, digits and `_`)",
    description: "The name of a variable.",
  })

/** Platforms that Linux images exist for. */
export const platformSchema: z.ZodString = matching(
  /^linux\/(?:amd64|arm64|arm\/v[5-7]|386|ppc64le|s390x|riscv64|loong64)$|^linux\/(?:amd64\/v[1-4]|arm64\/v8)$/,
  {
    rule: "platform",
    sentence: "must be a platform such as linux/amd64 or linux/arm64",
    description: "Such as `linux/amd64`.",
  },
)

const secretId = (): z.ZodString =>
  matching(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, {
    rule: "secret-name",
    sentence: "must be a name of letters, digits, `_`, `.` and `-`",
    description: "The id of a secret.",
  })

const copied = fields({
  from: someText("A file, folder or glob below the tree's folder. Of a folder its content is copied."),
  to: someText("Where it goes, absolute in the image; a folder when it ends in `/`."),
  owner: matching(/^[0-9]{1,9}(?::[0-9]{1,9})?$/, {
    rule: "owner",
    sentence: 'must be numbers in quotes, such as "1000:100"',
    description: 'Numeric user, or user and group, such as `"1000:100"`. Root without this.',
  }).optional(),
  mode: matching(/^0?[0-7]{3,4}$/, {
    rule: "mode",
    sentence: 'must be octal digits in quotes, such as "0644"',
    description: 'Permission bits for all of it, such as `"0644"`. Without this 0644, and 0755 for what is executable.',
  }).optional(),
})

/** Fields that say how an image is made. */
const making = {
  bootstrap: fields({
    suite: someText("The Debian suite, such as `bookworm`."),
    packages: list(someText("The name of a Debian package."), "packages")
      .describe("What is installed, with all that it needs.")
      .optional(),
  })
    .describe("Makes a Debian root from the packages of this machine's apt sources. It has no parent.")
    .optional(),
  dockerfile: someText(
    "Builds a Dockerfile: its path below the tree's folder. Its last `FROM` becomes the parent.",
  ).optional(),
  context: someText(
    "The folder that the Dockerfile may copy from. Without this, the Dockerfile's own folder.",
  ).optional(),
  target: someText("The stage to build. Without this, the last one.").optional(),
  args: map(environmentName(), text("Its value."), "build arguments to text")
    .describe("Build arguments of the Dockerfile. A value may hold an `{axis}`.")
    .optional(),
  secrets: list(secretId(), "secrets")
    .describe("Secrets the Dockerfile may mount, by their id in `secrets`.")
    .optional(),
  environment: either(
    [
      someText("A folder."),
      list(someText("A folder."), "folders").min(1, { error: empty }),
      fields({
        folders: either(
          [someText("A folder."), list(someText("A folder."), "folders").min(1, { error: empty })],
          "must be a folder, or a list of folders",
        ).describe("A folder with locked requirements, or several."),
        replace: flag(
          "`true`: a package that the parent has in another version is taken out, and this version comes in its place. An error without this.",
        ).optional(),
      }),
    ],
    "must be a folder, a list of folders, or a map with `folders`",
  )
    .describe(
      "Installs what a folder's locked requirements name, by version or by the URL of a wheel, always with its hash; of several folders, all together.",
    )
    .optional(),
}

/** Fields that `defaults` may give to all images. */
const shared = {
  labels: map(someText("The name of a label."), text("Its value."), "labels to text")
    .describe("Labels of the image. Part of its key.")
    .optional(),
  checks: checksSchema.describe("What must hold before the image is tagged.").optional(),
  budget: budgetSchema.describe("How big layers and the image may be.").optional(),
  bytecode: word(
    ["all", "none"],
    "For an `environment`. `all`: each Python file of its packages gets its `.pyc`, in layers of their own; `none`: Python compiles when it first imports. `none` without this.",
  ).optional(),
  compression: word(
    ["gzip", "zstd", "estargz", "single-member"],
    "For an `environment`: how layers of packages are compressed. `gzip`: a wheel's own compressed bytes, for every reader but a few. `zstd`: smaller, and not for Docker before 23. `estargz`: gzip that stargz-snapshotter reads in parts. `single-member`: gzip for readers that stop after the first member. `gzip` without this.",
  ).optional(),
  consumers: list(
    word(consumers, "Something that reads the image and cannot read every compression."),
    "list of what reads the image",
  )
    .describe(
      "What reads the image and cannot read every compression: `docker-20.10` (Docker before 23), `soci`, `soci-0.13`, `apple-container`, `bootc`, `composefs`. A `compression` that one of them cannot read is an error, of this image or of one that it is built on.",
    )
    .optional(),
  publish: word(
    ["together", "alone", "never"],
    "`together`: released only with all others of this kind. `alone`: when it fails it keeps its previous release's image. `never`: a parent only, not tagged.",
  ).optional(),
}

const changeable = {
  from: someText(
    "The parent: an image of this tree (each of its rows gets a child), one row such as `datascience:2021.3`, or an image elsewhere with its registry host.",
  ).optional(),
  ...making,
  name: someText("The repository below the registry. Without this, the image's key. May hold an `{axis}`.").optional(),
  prefix: text(
    "What tags begin with, joined by `-`. Without this, the axis values that `name` does not hold.",
  ).optional(),
  files: either(
    [
      list(copied, "files"),
      map(
        someText("A file, folder or glob below the tree's folder."),
        someText("Where it goes."),
        "paths here to paths in the image",
      ),
    ],
    "must be a list of maps with `from` and `to`, or a map of paths here to paths in the image",
  )
    .describe("Files that are copied in: a list, or in short a map of `from: to`.")
    .optional(),
  env: map(environmentName(), text("Its value; `${NAME}` is the parent's value."), "variables to text")
    .describe("Environment variables, merged with the parent's.")
    .optional(),
  user: matching(/^(?:[a-z_][a-z0-9_-]{0,31}|[0-9]{1,9})(?::(?:[a-z_][a-z0-9_-]{0,31}|[0-9]{1,9}))?$/, {
    rule: "user",
    sentence: 'must be a user, or user:group, such as "1000:100"',
    description: 'The user that the image runs as, such as `jovyan` or `"1000:100"`.',
  }).optional(),
  workdir: someText("The folder that commands start in, absolute.").optional(),
  entrypoint: list(text("A word of the command."), "words")
    .describe("What every start of the image runs. Clears the parent's `command`.")
    .optional(),
  command: list(text("A word of the command."), "words")
    .describe("What the image runs when nothing else is asked for.")
    .optional(),
  platforms: list(platformSchema, "platforms")
    .min(1, { error: empty })
    .describe("Where the image runs. Without this its parent's, else those of the tree.")
    .optional(),
  ...shared,
  skip: someText("Why this is not built now. What is built on it is not built either.").optional(),
}

const axisName = (): z.ZodString =>
  matching(/^[A-Za-z][A-Za-z0-9_-]*$/, {
    rule: "axis-name",
    sentence: "must be a name of letters, digits, `_` and `-`",
    description: "The name of an axis.",
  })

const axisValue = (): z.ZodString =>
  matching(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, {
    rule: "axis-value",
    sentence: "must be letters, digits, `.`, `_` and `-`, and start with a letter or digit",
    description: "A value of the axis.",
  })

const oneOrMore = either([axisValue(), list(axisValue(), "values")], "must be a value, or a list of values").describe(
  "A value, or a list of values.",
)

const choice = (description: string): z.ZodRecord<z.ZodString, typeof oneOrMore> =>
  map(axisName(), oneOrMore, "axes to values").describe(description)

const matrix = z
  .object(
    {
      include: list(map(axisName(), axisValue(), "axes to values"), "combinations")
        .describe("More combinations. Each names every axis.")
        .optional(),
      exclude: list(choice("A combination that is left out; it may name some axes only."), "combinations")
        .describe("Combinations that are left out.")
        .optional(),
    },
    { error: says("wrong-type", "must be a map of axes") },
  )
  .catchall(
    either(
      [
        someText("A glob: one row for each folder, by its last part."),
        list(axisValue(), "values").min(1, { error: empty }),
        map(
          axisValue(),
          map(environmentName(), text("Its value."), "build arguments to text").describe(
            "Build arguments that this value brings; `{}` for none.",
          ),
          "values to build arguments",
        ),
      ],
      "must be a list of values, a map of values to build arguments, or a glob",
    ).describe("An axis: a list of values, a map of values to build arguments, or a glob with a row for each folder."),
  )

const override = fields({
  match: choice("The rows that this changes: a value, or a list of values, for some axes."),
  ...changeable,
})

/** One image of `images`. */
export const imageSchema: z.ZodType<WrittenImage> = fields({
  ...changeable,
  matrix: matrix.describe("Makes a row of each combination of some axes.").optional(),
  overrides: list(override, "overrides")
    .describe("Changes any field but `matrix` of the rows it matches. Maps merge, lists replace.")
    .optional(),
})

/** `defaults`: what every image has unless it says otherwise. */
export const defaultsSchema: z.ZodType<WrittenDefaults> = fields(shared)
