import { placeOf, type JudgedRow, type Rule } from "../judged-tree.ts"

const makes = ["bootstrap", "dockerfile", "environment"] as const
const ofDockerfiles = ["context", "target", "args", "secrets"] as const
const additions = ["files", "env", "user", "workdir", "entrypoint", "command", "labels"] as const

/** An image is made in one way. */
export const imagesAreMadeInOneWay: Rule = (tree, judge) => {
  for (const judged of tree.rows) {
    const [first, ...others] = makes.filter((make) => judged.draft.fields[make] !== undefined)
    for (const other of others)
      judge(placeOf(tree, judged, other), {
        rule: "one-make",
        message: `an image has one of \`bootstrap\`, \`dockerfile\` and \`environment\`; this has \`${first ?? ""}\` already`,
        hint: "Make two images, the second built on the first",
      })
  }
}

/** `context`, `target`, `args` and `secrets` say something about a Dockerfile only. */
export const dockerfileFieldsHaveOne: Rule = (tree, judge) => {
  for (const judged of tree.rows) {
    if (judged.draft.fields.dockerfile !== undefined || tree.touched.has(judged.draft.key)) continue
    for (const field of ofDockerfiles)
      if (judged.draft.fields[field] !== undefined)
        judge(placeOf(tree, judged, field), {
          rule: "dockerfile-only",
          message: field === "args" ? "build arguments need a `dockerfile`" : `\`${field}\` needs a \`dockerfile\``,
        })
  }
}

/** These say something about an environment only. Defaults are for all images, whatever they are made of. */
export const layersHaveAnEnvironment: Rule = (tree, judge) => {
  for (const [key, image] of Object.entries(tree.written.images)) {
    const written = [image, ...(image.overrides ?? [])]
    if (tree.touched.has(key) || written.some(({ environment }) => environment !== undefined)) continue
    for (const one of written)
      for (const field of ["bytecode", "compression"] as const)
        if (one[field] !== undefined)
          judge(tree.places.value(one, field), {
            rule: "environment-only",
            message: `\`${field}\` needs an \`environment\``,
            hint: "Leave it out: it is about locked packages",
          })
  }
}

/** A `bootstrap` begins a tree; an `environment`, or nothing but settings, is put on something. */
export const imagesHaveWhatTheyStandOn: Rule = (tree, judge) => {
  for (const judged of tree.rows) {
    const { make, at } = judged.row
    const { parent } = judged.draft
    if (judged.unsure || tree.touched.has(judged.draft.key)) continue
    if (make.kind === "bootstrap" && parent !== undefined)
      judge(placeOf(tree, judged, "from"), {
        rule: "bootstrap-parent",
        message: "a `bootstrap` makes a root of its own, so it has no `from`",
      })
    else if (make.kind === "environment" && parent === undefined)
      judge(placeOf(tree, judged, "environment"), {
        rule: "no-parent",
        message: "an `environment` is put on a parent",
        hint: "Add `from`",
      })
    else if (make.kind === "none" && parent === undefined)
      judge(at, {
        rule: "no-parent",
        message: `nothing says what \`${judged.draft.key}\` is made of`,
        hint: "Add `from`, `bootstrap` or `dockerfile`",
      })
  }
}

/** An image adds something to its parent. */
export const imagesAddSomething: Rule = (tree, judge) => {
  for (const judged of tree.rows) {
    if (tree.touched.has(judged.draft.key) || judged.draft.parent === undefined || addsSomething(judged)) continue
    judge(judged.row.at, {
      rule: "empty-image",
      message: `\`${judged.draft.key}\` adds nothing to its parent`,
      hint: "Give it `environment`, `dockerfile`, `files` or `env`",
    })
  }
}

function addsSomething({ draft: { fields } }: JudgedRow): boolean {
  const sizes = additions.map((field) => fields[field])
  return (
    makes.some((make) => fields[make] !== undefined) ||
    sizes.some((value) => value !== undefined && (typeof value === "string" || Object.keys(value).length > 0))
  )
}

/** Names of suites and packages are Debian's. https://www.debian.org/doc/debian-policy/ch-controlfields.html#source */
export const debianNamesAreLegal: Rule = (tree, judge) => {
  for (const { row, draft } of tree.rows) {
    const { bootstrap } = draft.fields
    if (row.make.kind !== "bootstrap" || bootstrap === undefined) continue
    if (!/^[a-z][a-z0-9.-]*$/.test(row.make.suite))
      judge(tree.places.value(bootstrap, "suite"), {
        rule: "debian-name",
        message: `\`${row.make.suite}\` is no name of a Debian suite`,
        hint: "Such as `bookworm`",
      })
    const written = bootstrap.packages ?? []
    for (const name of row.make.packages) {
      if (/^[a-z0-9][a-z0-9+.-]+$/.test(name)) continue
      const index = Math.max(0, written.indexOf(name))
      judge(tree.places.value(written, index), {
        rule: "debian-name",
        message: `\`${name}\` is no name of a Debian package`,
        hint: "The lock decides versions; write the name alone",
      })
    }
  }
}
