import type { Placed, Problem } from "../config/row.ts"
import type { Requirement } from "../tree/step.ts"
import { joinRequirements } from "./join.ts"
import { readRequirements, type EnvironmentView, type PlacedRequirement } from "./read-requirements.ts"

export type Environment = {
  /** Sorted by name, then version and marker. */
  readonly requirements: readonly Requirement[]
  readonly problems: readonly Problem[]
}

/** What is found in environment folders but not read yet, with what to do. In the order in which repo2docker looks. */
const later: readonly (readonly [name: string, hint: string])[] = [
  [
    "environment.yml",
    "Write the packages to requirements.in and run `uv pip compile --generate-hashes`, or use a `dockerfile`",
  ],
  [
    "environment.yaml",
    "Write the packages to requirements.in and run `uv pip compile --generate-hashes`, or use a `dockerfile`",
  ],
  [
    "conda-lock.yml",
    "Write the packages to requirements.in and run `uv pip compile --generate-hashes`, or use a `dockerfile`",
  ],
  [
    "pixi.lock",
    "Write the packages to requirements.in and run `uv pip compile --generate-hashes`, or use a `dockerfile`",
  ],
  ["uv.lock", "Run `uv export --format requirements-txt -o requirements.txt` and move uv.lock elsewhere"],
  ["pylock.toml", "Run `uv export --format requirements-txt -o requirements.txt` and move pylock.toml elsewhere"],
  ["Pipfile.lock", "Run `pipenv requirements --hash > requirements.txt` and move Pipfile.lock elsewhere"],
  ["Pipfile", "Run `pipenv requirements --hash > requirements.txt` and move Pipfile elsewhere"],
  ["apt.txt", "Install Debian packages in a `bootstrap` or a `dockerfile` below this image"],
  ["postBuild", "Run it in a `dockerfile` on top of this image"],
  ["start", "Set `entrypoint`, or use a `dockerfile` on top of this image"],
  ["runtime.txt", "The Python is the parent's; remove the file"],
  ["install.R", "Use a `dockerfile` on top of this image"],
  ["DESCRIPTION", "Use a `dockerfile` on top of this image"],
  ["renv.lock", "Use a `dockerfile` on top of this image"],
  ["Project.toml", "Use a `dockerfile` on top of this image"],
  ["JuliaProject.toml", "Use a `dockerfile` on top of this image"],
  ["requirements.jl", "Use a `dockerfile` on top of this image"],
  ["default.nix", "Use a `dockerfile` on top of this image"],
]

/**
 * The pins of one or several environment folders. Only these enter a key: not comments, order or other files. Two
 * versions of a package under the same marker are a problem that names both places.
 */
export async function readEnvironment(view: EnvironmentView, folders: readonly Placed<string>[]): Promise<Environment> {
  const read = await Promise.all(folders.map((folder) => readFolder(view, folder)))
  const joined = joinRequirements(read.flatMap(({ found }) => found))
  return {
    requirements: joined.requirements,
    problems: [...read.flatMap(({ problems }) => problems), ...joined.problems],
  }
}

type FolderRead = { readonly found: readonly PlacedRequirement[]; readonly problems: readonly Problem[] }

async function readFolder(view: EnvironmentView, { value: folder, at }: Placed<string>): Promise<FolderRead> {
  const place = folder === "." ? "" : folder
  const prefix = place === "" ? "" : `${place}/`
  const kinds = new Map((await view.list(place))?.map(({ name, kind }) => [name, kind]))
  const problems = later.flatMap(([name, hint]): readonly Problem[] =>
    kinds.has(name)
      ? [
          {
            at: { file: `${prefix}${name}`, line: 1, column: 1 },
            rule: "environment",
            message: `${name} is not read yet, and leaving it out would give another environment`,
            hint,
          },
        ]
      : [],
  )
  const file = `${prefix}requirements.txt`
  if (!kinds.has("requirements.txt")) {
    const message = `there is no requirements.txt in \`${folder}\``
    const hint =
      "List packages in requirements.in and run `uv pip compile --generate-hashes requirements.in -o requirements.txt`"
    return { found: [], problems: problems.length > 0 ? problems : [{ at, rule: "environment", message, hint }] }
  }
  const requirements = await readRequirements(view, { file, folder: place })
  return { found: requirements.found, problems: [...problems, ...requirements.problems] }
}
