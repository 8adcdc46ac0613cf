import { isTag } from "../../oci/reference.ts"
import { placeOf, type JudgedRow, type JudgedTree, type Rule } from "../judged-tree.ts"
import { meant } from "../nearest.ts"
import { fillTemplate, placeholdersOf } from "../template.ts"

/** What changes from release to release, at its longest. */
const moving: Readonly<Record<string, string>> = {
  release: "2026.11.21-0123456.9999",
  date: "2026.11.21",
  git: "0123456",
}

/** A written template differs between releases, and knows its placeholders. */
export const tagTemplatesAreSound: Rule = ({ written, rows, places }, judge) => {
  const known = [...Object.keys(moving), ...new Set(rows.flatMap(({ row }) => Object.keys(row.axes)))]
  const list = written.tags ?? []
  for (const [index, template] of list.entries()) {
    const at = places.value(list, index)
    const names = placeholdersOf(template)
    for (const name of names)
      if (!known.includes(name))
        judge(at, {
          rule: "unknown-placeholder",
          message: `nothing stands for \`{${name}}\``,
          hint: meant(name, known),
        })
    if (!names.some((name) => Object.hasOwn(moving, name)))
      judge(at, {
        rule: "tag-never-differs",
        message: `the tag \`${template}\` would be the same in every release`,
        hint: "Add `{release}`, `{date}` or `{git}`: a tag is set once",
      })
  }
}

/** Each template gives every row a legal tag, its prefix in front. */
export const tagsAreLegal: Rule = (tree, judge) => {
  const list = tree.written.tags
  for (const [index, template] of tree.tags.entries()) {
    for (const judged of tagged(tree)) {
      const { row } = judged
      const { text, unknown } = fillTemplate(template, { ...row.axes, ...moving })
      const at = list === undefined || isTag(text) ? placeOf(tree, judged, "prefix") : tree.places.value(list, index)
      const tag = withPrefix(row.prefix, text)
      if (unknown.length > 0)
        judge(list === undefined ? at : tree.places.value(list, index), {
          rule: "tag-axis",
          message: `\`${row.id}\` has no axis \`${unknown[0] ?? ""}\`, and every row gets this tag`,
        })
      else if (!isTag(tag) && (row.prefix === "" || isTag(row.prefix)))
        judge(at, {
          rule: "tag",
          message: `\`${row.id}\` would get the tag \`${tag}\`, which is not legal`,
          hint: "Letters, digits, `_`, `.` and `-`, at most 128, not beginning with `.` or `-`",
        })
    }
  }
}

/** No two templates or prefixes give one tag in one repository. */
export const tagsDoNotCollide: Rule = (tree, judge) => {
  const list = tree.written.tags ?? []
  const seen = new Map<string, { readonly id: string; readonly index: number }>()
  for (const { row } of tagged(tree)) {
    for (const [index, template] of tree.tags.entries()) {
      // What moves stays a placeholder: it is the same for both in one release.
      const tag = withPrefix(row.prefix, fillTemplate(template, row.axes).text)
      // The first release of a day is called by its date and commit.
      const name = `${row.repository}:${tag.replaceAll("{release}", "{date}-{git}")}`
      const other = seen.get(name)
      if (other === undefined) seen.set(name, { id: row.id, index })
      else if (other.index === index) continue
      else if (other.id === row.id)
        judge(tree.places.value(list, index), {
          rule: "tag-collision",
          message: `\`${row.id}\` would get the tag \`${tag}\` twice`,
        })
      else
        judge(row.at, {
          rule: "tag-collision",
          message: `\`${other.id}\` and \`${row.id}\` would both be tagged \`${row.repository}:${tag}\``,
          hint: "Change a `prefix` or a template of `tags`",
        })
    }
  }
}

function tagged({ rows }: JudgedTree): readonly JudgedRow[] {
  return rows.filter(({ row }) => row.publish !== "never")
}

function withPrefix(prefix: string, tag: string): string {
  return prefix === "" ? tag : `${prefix}-${tag}`
}
