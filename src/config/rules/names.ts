import { isRepository, isTag } from "../../oci/reference.ts"
import { placeOf, type JudgedRow, type Rule } from "../judged-tree.ts"

/** Two rows may not have one name. */
export const rowsHaveOneName: Rule = ({ rows }, judge) => {
  const seen = new Set<string>()
  for (const { row } of rows) {
    if (seen.has(row.id))
      judge(row.at, {
        rule: "same-row",
        message: `two rows are called \`${row.id}\``,
        hint: "`include` must not repeat a combination, and values joined by `-` must differ",
      })
    seen.add(row.id)
  }
}

/** A repository is a legal path of the distribution specification. */
export const repositoriesAreLegal: Rule = (tree, judge) => {
  for (const judged of tree.rows)
    if (!isRepository(judged.row.repository))
      judge(placeOf(tree, judged, "name"), {
        rule: "repository-name",
        message: `\`${judged.row.repository}\` is no legal repository path`,
        hint: "Small letters and digits, with `.`, `_`, `-` or `/` between them",
      })
}

/** The state repository is not an image's. */
export const stateIsApart: Rule = (tree, judge) => {
  for (const judged of tree.rows)
    if (judged.row.repository === tree.state)
      judge(placeOf(tree, judged, "name"), {
        rule: "state-name",
        message: `the repository \`${tree.state}\` keeps the state, so \`${judged.row.id}\` cannot have it`,
        hint: "Give the image another `name`, or set `state`",
      })
}

/** Two rows with one repository and one prefix would have the same tags. */
export const rowsHaveTheirOwnTags: Rule = (tree, judge) => {
  const seen = new Map<string, JudgedRow>()
  for (const judged of tree.rows) {
    const { repository, prefix, id } = judged.row
    const name = `${repository}\0${prefix}`
    const other = seen.get(name)
    if (other === undefined) seen.set(name, judged)
    else if (other.row.id !== id)
      judge(placeOf(tree, judged, judged.draft.fields.prefix === undefined ? "name" : "prefix"), {
        rule: "same-tags",
        message: `\`${other.row.id}\` and \`${id}\` have one repository \`${repository}\` and ${prefix === "" ? "no prefix" : `one prefix \`${prefix}\``}`,
        hint: "Let `name` or `prefix` hold an axis in which they differ",
      })
  }
}

/** A prefix is the beginning of a legal tag. */
export const prefixesAreLegal: Rule = (tree, judge) => {
  for (const judged of tree.rows)
    if (judged.row.prefix !== "" && !isTag(judged.row.prefix))
      judge(placeOf(tree, judged, "prefix"), {
        rule: "prefix",
        message: `no tag can begin with \`${judged.row.prefix}\``,
        hint: "Letters, digits, `_`, `.` and `-`, at most 128, not beginning with `.` or `-`",
      })
}
