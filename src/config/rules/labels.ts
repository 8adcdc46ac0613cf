import { environmentLabel } from "../../tree/labels.ts"
import type { Rule } from "../judged-tree.ts"

const releases = new Set(["created", "revision", "version"].map((name) => `org.opencontainers.image.${name}`))
const reserved = environmentLabel.slice(0, environmentLabel.lastIndexOf(".") + 1)

/** Labels that would change with every commit are not in an image: its evidence and its release carry them. */
export const labelsKeepStill: Rule = (tree, judge) => {
  for (const { draft } of tree.rows)
    for (const name of Object.keys(draft.fields.labels ?? {})) {
      const at = tree.places.key(draft.fields.labels ?? {}, name)
      if (releases.has(name))
        judge(at, {
          rule: "reserved-label",
          message: `the label \`${name}\` would change the image with every commit`,
          hint: "Leave it out: evidence and releases carry it",
        })
      else if (name.startsWith(reserved))
        judge(at, { rule: "reserved-label", message: `labels that begin with \`${reserved}\` are written by nbstacks` })
    }
}
