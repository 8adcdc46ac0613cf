import type { Judge } from "./judge.ts"
import { meant } from "./nearest.ts"
import { imagePath, innerPath } from "./paths.ts"
import type { Places } from "./places.ts"
import type { Placed, Position } from "./row.ts"
import { fillTemplate } from "./template.ts"

/** Reads fields of one row: fills `{axis}` in and judges what comes out. */
export type Reader = {
  at(container: object, key: string | number): Position
  /** The text with its placeholders filled; one that nothing stands for is judged and left as it is. */
  text(container: object, key: string | number): string
  /** A path or glob that must stay in the tree's folder, in its shortest form. */
  inner(container: object, key: string | number): Placed<string>
  /** The same of a text that is not the value of a field, such as a key. */
  innerOf(written: string, at: Position): Placed<string>
  /** An absolute path in the image. */
  inImage(container: object, key: string | number): string
}

/** A reader for the row with these values. */
export function createReader(
  axes: Readonly<Record<string, string>>,
  { places, judge }: { places: Places; judge: Judge },
): Reader {
  const at: Reader["at"] = (container, key) => places.value(container, key)
  const fill = (written: string, place: Position): string => {
    const { text, unknown } = fillTemplate(written, axes)
    for (const name of unknown) judge(place, unknownPlaceholder(name, Object.keys(axes)))
    if (text.includes("\0"))
      judge(place, { rule: "null-character", message: "no text in an image can hold a null character" })
    return text
  }
  const text: Reader["text"] = (container, key) => {
    const written = (container as Record<string | number, unknown>)[key]
    return fill(typeof written === "string" ? written : "", at(container, key))
  }
  const innerOf: Reader["innerOf"] = (written, place) => {
    const filled = fill(written, place)
    const judged = innerPath(filled)
    if ("wrong" in judged) judge(place, { rule: "path", message: `\`${filled}\` ${judged.wrong}` })
    return { value: "path" in judged ? judged.path : ".", at: place }
  }
  return {
    at,
    text,
    innerOf,
    inner: (container, key) =>
      innerOf(String((container as Record<string | number, unknown>)[key]), at(container, key)),
    inImage: (container, key) => {
      const filled = text(container, key)
      const judged = imagePath(filled)
      if ("wrong" in judged) judge(at(container, key), { rule: "image-path", message: `\`${filled}\` ${judged.wrong}` })
      return "path" in judged ? judged.path : "/"
    },
  }
}

/** What is said about a placeholder that nothing stands for. */
function unknownPlaceholder(name: string, axes: readonly string[]): { rule: string; message: string; hint: string } {
  const near = axes.length === 0 ? `This row has no axes; write {{${name}}} for the text {${name}}` : meant(name, axes)
  return {
    rule: "unknown-placeholder",
    message: `nothing stands for \`{${name}}\``,
    hint: near ?? `Write {{${name}}} for the text {${name}}`,
  }
}
