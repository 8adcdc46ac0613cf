import { isTag } from "../../oci/reference.ts"
import type { Judge } from "../judge.ts"
import type { JudgedRow, JudgedTree, Rule } from "../judged-tree.ts"
import { meant } from "../nearest.ts"
import type { Position } from "../row.ts"
import { fillTemplate, placeholdersOf } from "../template.ts"

/** What changes from release to release, at its longest. */
const moving: Readonly<Record<string, string>> = {
  release: "2026.11.21-0123456.9999",
  date: "2026.11.21",
  git: "0123456",
}

/** Each template of a tag differs between releases, knows its placeholders and gives legal tags. */
export const tagsAreLegal: Rule = (tree, judge) => {
  const list = tree.written.tags ?? []
  for (const [index, template] of list.entries()) {
    const at = tree.places.value(list, index)
    if (!placeholdersOf(template).some((name) => Object.hasOwn(moving, name)))
      judge(at, {
        rule: "tag-never-differs",
        message: `the tag \`${template}\` would be the same in every release`,
        hint: "Add `{release}`, `{date}` or `{git}`: a tag is set once",
      })
    judgeTemplate(template, { tree, at, judge })
  }
}

function judgeTemplate(template: string, { tree, at, judge }: { tree: JudgedTree; at: Position; judge: Judge }): void {
  const known = new Set([...Object.keys(moving), ...tree.rows.flatMap(({ row }) => Object.keys(row.axes))])
  const unknown = placeholdersOf(template).filter((name) => !known.has(name))
  for (const name of unknown)
    judge(at, {
      rule: "unknown-placeholder",
      message: `nothing stands for \`{${name}}\``,
      hint: meant(name, [...known]),
    })
  if (unknown.length > 0) return
  for (const { row } of tagged(tree)) {
    const { text, unknown: lacking } = fillTemplate(template, { ...row.axes, ...moving })
    const tag = withPrefix(row.prefix, text)
    if (lacking.length > 0)
      judge(at, {
        rule: "tag-axis",
        message: `\`${row.id}\` has no axis \`${lacking[0] ?? ""}\`, and every row gets this tag`,
      })
    else if (!isTag(tag))
      judge(at, {
        rule: "tag",
        message: `\`${row.id}\` would get the tag \`${tag}\`, which is not legal`,
        hint: "Letters, digits, `_`, `.` and `-`, at most 128, not beginning with `.` or `-`",
      })
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
      const name = `${row.repository}:${tag}`
      const other = seen.get(name)
      if (other === undefined) seen.set(name, { id: row.id, index })
      else if (other.id === row.id)
        judge(tree.places.value(list, index), {
          rule: "tag-collision",
          message: `\`${row.id}\` would get the tag \`${tag}\` twice`,
        })
      else if (other.index !== index)
        judge(row.at, {
          rule: "tag-collision",
          message: `\`${other.id}\` and \`${row.id}\` would both be tagged \`${name}\``,
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
