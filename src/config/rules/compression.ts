import { cannotRead, type Consumer } from "../../tree/consumers.ts"
import type { Compression } from "../../tree/step.ts"
import { placeOf, type JudgedRow, type Rule } from "../judged-tree.ts"

/**
 * Who is said to read an image has to be able to, all of it: layers that its parents bring too. One that it cannot read
 * is an error deep in its logs. All layers but those of packages are gzip of one member, which everyone reads.
 */
export const compressionIsReadable: Rule = (tree, judge) => {
  for (const judged of tree.rows) {
    const { consumers = [] } = judged.draft.fields
    for (const consumer of consumers) {
      const found = unreadable(judged, consumer)
      if (found === undefined) continue
      const { by, compression, why } = found
      const other = compressions.find((one) => consumers.every((each) => cannotRead(each, one) === undefined))
      const isOwn = by === judged
      const message = isOwn
        ? `${consumer} cannot read \`compression: ${compression}\`: ${why}`
        : `${consumer} cannot read \`${judged.row.id}\`: layers of \`${by.row.id}\`, which it is built on, have ` +
          `\`compression: ${compression}\`: ${why}`
      const place = isOwn && judged.draft.fields.compression !== undefined ? "compression" : "consumers"
      judge(placeOf(tree, judged, place), {
        rule: "compression",
        message,
        hint:
          other === undefined
            ? "No compression suits all of `consumers`: leave out one of them"
            : `Write \`compression: ${other}\`${isOwn ? "" : ` for \`${by.row.id}\``}, which all of \`consumers\` can read`,
      })
    }
  }
}

/** In the order in which they are proposed. */
const compressions = ["gzip", "estargz", "single-member", "zstd"] as const

type Unreadable = { readonly by: JudgedRow; readonly compression: Compression; readonly why: string }

/**
 * The nearest row, from one upwards, whose layers a consumer cannot read. Of a parent with the same consumer nothing is
 * said again.
 */
function unreadable(judged: JudgedRow, consumer: Consumer): Unreadable | undefined {
  for (let by: JudgedRow | undefined = judged; by !== undefined; by = by.parent) {
    const { environment, compression = "gzip", consumers = [] } = by.draft.fields
    if (by !== judged && consumers.includes(consumer)) return undefined
    const why = environment === undefined ? undefined : cannotRead(consumer, compression)
    if (why !== undefined) return { by, compression, why }
  }
  return undefined
}
