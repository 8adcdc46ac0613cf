import { builtRows, placeOf, type JudgedRow, type Rule } from "../judged-tree.ts"

/** What is built on an image that may fail alone may fail with it, so it is `alone` too. */
export const descendantsOfAloneAreAlone: Rule = (tree, judge) => {
  for (const judged of builtRows(tree)) {
    const above = judged.unsure || judged.row.publish === "alone" ? undefined : aloneAbove(judged)
    if (above !== undefined)
      judge(placeOf(tree, judged, "publish"), {
        rule: "publish-alone",
        message: `\`${judged.row.id}\` is built on \`${above}\`, which is published alone`,
        hint: "Add `publish: alone`",
      })
  }
}

function aloneAbove({ parent }: JudgedRow): string | undefined {
  for (let here = parent; here !== undefined; here = here.parent) if (here.row.publish === "alone") return here.row.id
  return undefined
}
