import type { Judge } from "../judge.ts"
import { builtRows, placeOf, type JudgedRow, type JudgedTree, type Rule } from "../judged-tree.ts"

/** A child keeps what its parent promises. */
export const profilesAreKept: Rule = (tree, judge) => {
  for (const judged of builtRows(tree)) {
    const { checks } = judged.draft.fields
    if (
      judged.unsure ||
      checks === undefined ||
      judged.row.checks.profile !== "none" ||
      judged.parent?.profile !== "jupyter"
    )
      continue
    judge(tree.places.value(checks, "profile"), {
      rule: "weaker-profile",
      message: `\`${judged.parent.row.id}\` has the profile jupyter, and \`${judged.row.id}\` may not go back to none`,
    })
  }
}

const needServer = ["kernels", "notebooks", "paths"] as const

/** Without a server no kernel, notebook or path can be checked. */
export const profileNoneHasNoServer: Rule = (tree, judge) => {
  for (const judged of builtRows(tree)) {
    const { checks } = judged.draft.fields
    // A profile that was taken out may have been another; one that is written is what it is.
    const isOpen = tree.touched.has(judged.draft.key) && judged.row.checks.profile !== "none"
    if (judged.unsure || judged.profile !== "none" || checks === undefined || isOpen) continue
    for (const field of needServer)
      if (Object.keys(checks[field] ?? {}).length > 0) judgeField(checks, { field, tree, judged, judge })
    for (const later of Object.values(checks.later ?? {}))
      if ((later.notebooks ?? []).length > 0) judgeField(later, { field: "notebooks", tree, judged, judge })
  }
}

type Judging = { readonly field: string; readonly tree: JudgedTree; readonly judged: JudgedRow; readonly judge: Judge }

function judgeField(container: object, { field, tree, judged, judge }: Judging): void {
  const at =
    tree.places.entry(container, field) === undefined
      ? placeOf(tree, judged, "checks")
      : tree.places.key(container, field)
  const own = judged.row.checks.profile === "none"
  judge(at, {
    rule: "profile-none",
    message: `${own ? "the profile none" : "an image without a profile"} allows \`commands\` and \`imports\` only, and this has \`${field}\``,
    hint: "Write `profile: jupyter`",
  })
}
