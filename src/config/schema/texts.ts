import { z } from "zod"

/** The message of a schema: the rule's name, then what the field must be. `shape.ts` takes it apart. */
export function says(rule: string, sentence: string): string {
  return `${rule}: ${sentence}`
}

/** The message of a list or text that has nothing in it. */
export const empty: string = says("empty", "must not be empty")

const wrongType = "wrong-type"

/** Any text. Numbers must be quoted: YAML reads `3.10` as 3.1. */
export function text(description: string): z.ZodString {
  return z.string({ error: says(wrongType, "must be text") }).describe(description)
}

/** Text that is not empty. */
export function someText(description: string): z.ZodString {
  return text(description).min(1, { error: empty })
}

/** Text of a form. `sentence` follows the name of the field: "must be …". */
export function matching(
  pattern: RegExp,
  options: { rule: string; sentence: string; description: string },
): z.ZodString {
  return z
    .string({ error: says(wrongType, "must be text") })
    .regex(pattern, { error: says(options.rule, options.sentence) })
    .describe(options.description)
}

/** One of some words. */
export function word<const T extends readonly [string, ...string[]]>(
  words: T,
  description: string,
): z.ZodEnum<{ [K in T[number]]: K }> {
  return z.enum(words, { error: says(wrongType, `must be one of ${words.join(", ")}`) }).describe(description)
}

/** `true` or `false`. */
export function flag(description: string): z.ZodBoolean {
  return z.boolean({ error: says(wrongType, "must be true or false") }).describe(description)
}

/** A list; `what` names its items in the plural. */
export function list<T extends z.ZodType>(item: T, what: string): z.ZodArray<T> {
  return z.array(item, { error: says(wrongType, `must be a list of ${what}`) })
}

/** A map from names to values; `what` says what it maps. */
export function map<K extends z.ZodString, V extends z.ZodType>(key: K, value: V, what: string): z.ZodRecord<K, V> {
  return z.record(key, value, { error: says(wrongType, `must be a map of ${what}`) })
}

/** A map with known keys; any other is refused. */
export function fields<T extends z.core.$ZodLooseShape>(shape: T): z.ZodObject<T, z.core.$strict> {
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "invalid_type" ? says(wrongType, "must be a map") : undefined),
  })
}

/** One of several forms; `sentence` says which: "must be a path or a list of paths". */
export function either<const T extends readonly [z.ZodType, ...z.ZodType[]]>(
  forms: T,
  sentence: string,
): z.ZodUnion<T> {
  return z.union(forms, { error: says(wrongType, sentence) })
}

/** A whole number within bounds, both included. */
export function whole(first: number, last: number): z.ZodNumber {
  const error = says("out-of-range", `must be a whole number from ${first} to ${last}`)
  return z
    .number({ error: says(wrongType, `must be a whole number from ${first} to ${last}`) })
    .int({ error })
    .min(first, { error })
    .max(last, { error })
}
