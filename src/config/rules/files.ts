import { builtRows, placeOf, type JudgedRow, type Rule } from "../judged-tree.ts"

const kindNames = {
  file: "a file",
  directory: "a folder",
  link: "a broken link",
  other: "no ordinary file",
  outside: "a link that leaves the tree's folder",
}

/** Folders of environments are there. */
export const environmentsAreThere: Rule = (tree, judge) => {
  for (const { row } of builtRows(tree)) {
    if (row.make.kind !== "environment") continue
    for (const { value, at } of row.make.folders) {
      const kind = tree.facts.kinds.get(value)
      if (kind === "directory") continue
      judge(at, {
        rule: "missing-environment",
        message:
          kind === undefined
            ? `there is no folder \`${value}\``
            : `\`${value}\` is ${kindNames[kind]}, and must be a folder`,
        hint: kind === "file" ? "Name the folder that holds it" : undefined,
      })
    }
  }
}

/** Dockerfiles are there and can be read. */
export const dockerfilesAreThere: Rule = (tree, judge) => {
  for (const judged of builtRows(tree)) {
    const { make, id } = judged.row
    if (make.kind !== "dockerfile") continue
    const file = make.file.value
    const kind = tree.facts.kinds.get(file)
    if (kind !== "file")
      judge(make.file.at, {
        rule: "missing-dockerfile",
        message:
          kind === undefined ? `there is no file \`${file}\`` : `\`${file}\` is ${kindNames[kind]}, and must be a file`,
        hint: kind === "directory" ? `Name the file, such as \`${file}/Dockerfile\`` : undefined,
      })
    const base = tree.facts.bases.get(id)
    if (base !== undefined && "wrong" in base)
      for (const { at, rule, message, hint } of base.wrong) judge(at, { rule, message, hint })
  }
}

/** Build contexts are there. */
export const contextsAreThere: Rule = (tree, judge) => {
  for (const judged of builtRows(tree)) {
    const { make } = judged.row
    if (make.kind !== "dockerfile" || !hasContext(judged)) continue
    const kind = tree.facts.kinds.get(make.context)
    if (kind !== "directory")
      judge(placeOf(tree, judged, "context"), {
        rule: "missing-context",
        message:
          kind === undefined
            ? `there is no folder \`${make.context}\``
            : `\`${make.context}\` is ${kindNames[kind]}, and must be a folder`,
      })
  }
}

/** Without `context` it is the Dockerfile's folder, which the rule for Dockerfiles judges. */
function hasContext({ draft }: JudgedRow): boolean {
  return draft.fields.context !== undefined
}
