import type { ImageBudget } from "../../tree/tree.ts"

/** What an image weighs, compressed and in bytes. */
export type Weighed = {
  readonly size: number
  /** Its own layers, not its parent's; undefined where its parent cannot be seen. */
  readonly own: readonly number[] | undefined
  /** The same row's in the newest release. */
  readonly before: number | undefined
}

/** A bound, what it is, and what there is. `layers` is a count, `grow` a share, the others are bytes. */
export type Bound = {
  readonly kind: "image" | "layer" | "layers" | "grow"
  readonly is: number
  readonly may: number
}

/** Every bound that an image has and that can be judged. A row that is in no release yet has not grown. */
export function boundsOf({ image, grow, asked }: ImageBudget, { size, own, before }: Weighed): readonly Bound[] {
  return [
    ...(image === undefined ? [] : [{ kind: "image", is: size, may: image } as const]),
    ...(grow === undefined || before === undefined || before === 0
      ? []
      : [{ kind: "grow", is: size / before - 1, may: grow } as const]),
    ...(asked?.layer === undefined || own === undefined
      ? []
      : [{ kind: "layer", is: Math.max(0, ...own), may: asked.layer } as const]),
    ...(asked?.layers === undefined || own === undefined
      ? []
      : [{ kind: "layers", is: own.length, may: asked.layers } as const]),
  ]
}

/** True for a bound that is not kept. */
export function isOver({ is, may }: Bound): boolean {
  return is > may
}

/** Whether an image has any bound. */
export function hasBudget({ image, grow, asked }: ImageBudget): boolean {
  return [image, grow, asked?.layer, asked?.layers].some((one) => one !== undefined)
}
