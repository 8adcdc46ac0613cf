import { cannotRead } from "../../tree/consumers.ts"
import { placeOf, type Rule } from "../judged-tree.ts"

/** Who is said to read an image has to be able to: a layer that it cannot read is an error deep in its logs. */
export const compressionIsReadable: Rule = (tree, judge) => {
  for (const judged of tree.rows) {
    const { consumers = [], compression = "gzip", environment } = judged.draft.fields
    if (environment === undefined) continue
    for (const consumer of consumers) {
      const why = cannotRead(consumer, compression)
      if (why === undefined) continue
      const others = (["gzip", "estargz", "single-member", "zstd"] as const).filter((other) =>
        consumers.every((one) => cannotRead(one, other) === undefined),
      )
      judge(placeOf(tree, judged, judged.draft.fields.compression === undefined ? "consumers" : "compression"), {
        rule: "compression",
        message: `${consumer} cannot read \`compression: ${compression}\`: ${why}`,
        hint:
          others.length === 0
            ? "No compression suits all of `consumers`: leave out one of them"
            : `Write \`compression: ${others[0]}\`, which all of \`consumers\` can read`,
      })
    }
  }
}
