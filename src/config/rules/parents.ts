import { builtRows, placeOf, type JudgedRow, type JudgedTree, type Rule } from "../judged-tree.ts"
import { readBase } from "../references.ts"
import { parseReference, formatReference } from "../../oci/reference.ts"

/**
 * The last `FROM` of a Dockerfile may be written in any way, but it names no other image of this tree than `from`,
 * and not `scratch`.
 */
export const dockerfilesAgreeWithFrom: Rule = (tree, judge) => {
  for (const judged of builtRows(tree)) {
    const found = tree.facts.bases.get(judged.row.id)
    const { parent } = judged.draft
    if (found === undefined || parent === undefined || judged.unsure || !("base" in found) || found.base === undefined)
      continue
    const { base } = found
    const wrong = base === "scratch" ? parent.kind !== "none" : namesAnother(tree, judged, base)
    if (!wrong) continue
    const from = parent.kind === "row" ? parent.id : parent.kind === "external" ? parent.reference : "scratch"
    judge(placeOf(tree, judged, "dockerfile"), {
      rule: "from-disagrees",
      message: `this Dockerfile is built FROM \`${base}\`, but \`${judged.row.id}\` from \`${from}\``,
      hint: "Change one of them; an argument (`ARG BASE`, `FROM $BASE`) agrees with any `from`",
    })
  }
}

function namesAnother(tree: JudgedTree, { draft }: JudgedRow, base: string): boolean {
  const keys = keysNamed(tree, base)
  if (keys.length === 0) return false
  const { parent } = draft
  return parent?.kind !== "row" || !keys.includes(parent.id.split(":")[0] ?? "")
}

/** Images of the tree that a `FROM` may mean. */
function keysNamed(tree: JudgedTree, base: string): readonly string[] {
  const named = readBase(base, tree.written.registry)
  if (named === undefined) return []
  if (!named.qualified) return Object.hasOwn(tree.written.images, named.path) ? [named.path] : []
  return [...new Set(tree.rows.filter(({ row }) => row.repository === named.path).map(({ row }) => row.key))]
}

/** Without `from`, a Dockerfile's last `FROM` names an image of the tree, or `scratch`. */
export const dockerfilesHaveParents: Rule = (tree, judge) => {
  for (const judged of builtRows(tree)) {
    const found = tree.facts.bases.get(judged.row.id)
    if (
      found === undefined ||
      !("base" in found) ||
      judged.draft.parent !== undefined ||
      judged.unsure ||
      tree.touched.has(judged.draft.key)
    )
      continue
    const reference = found.base === undefined ? undefined : parseReference(found.base)
    const at = placeOf(tree, judged, "dockerfile")
    const rule = "missing-from"
    if (reference === undefined)
      judge(at, {
        rule,
        message: "the last `FROM` of this Dockerfile depends on an argument that has no value",
        hint: "Add `from`, or give the argument a value in `args`",
      })
    else
      judge(at, {
        rule,
        message: `this Dockerfile is built FROM \`${found.base ?? ""}\`, which is no image of this tree`,
        hint: `If it is meant, add \`from: ${fullReference(found.base ?? "")}\``,
      })
  }
}

function fullReference(base: string): string {
  const reference = parseReference(base)
  if (reference === undefined || reference.host !== undefined) return base
  const repository = reference.repository.includes("/") ? reference.repository : `library/${reference.repository}`
  return formatReference({ ...reference, host: "docker.io", repository })
}
