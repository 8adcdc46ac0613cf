import { builtRows, placeOf, type Rule } from "../judged-tree.ts"
import { readPlatform } from "../read-row.ts"

/** A child is built only where its parent is. */
export const platformsAreTheParents: Rule = (tree, judge) => {
  for (const judged of builtRows(tree)) {
    if (judged.parent === undefined || judged.unsure) continue
    const there = judged.parent.row.platforms
    for (const platform of judged.row.platforms)
      if (!there.includes(platform))
        judge(placeOf(tree, judged, "platforms"), {
          rule: "parent-platform",
          message: `\`${judged.parent.row.id}\` is not built for ${platform}`,
          hint: `It is built for ${there.join(", ")}`,
        })
  }
}

/** A platform is listed once, however it is spelt. */
export const platformsAreDistinct: Rule = (tree, judge) => {
  const lists = [tree.written.platforms, ...tree.rows.map(({ draft }) => draft.fields.platforms)]
  for (const list of lists) {
    const seen = new Set<string>()
    for (const [index, written] of (list ?? []).entries()) {
      const platform = readPlatform(written)
      if (list !== undefined && seen.has(platform))
        judge(tree.places.value(list, index), { rule: "duplicate-platform", message: `${platform} is listed twice` })
      seen.add(platform)
    }
  }
}
