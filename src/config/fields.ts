import { z } from "zod"
import { fileSchema } from "./schema/config.ts"

/** The part of JSON Schema that the language uses. */
type Schema = {
  readonly type?: string
  readonly description?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Schema | boolean
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
}

/** The JSON schema of `nbstacks.yaml`, for editors. */
export function configSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(fileSchema, { target: "draft-2020-12", io: "input" })
  return { ...schema, title: "nbstacks.yaml", description: "A tree of notebook images." }
}

/** A field of the language, for the reference. */
export type DocumentedField = {
  /** `images.*.checks.profile`; `*` is any name, `[]` an item of a list. */
  readonly path: string
  /** `text`, `list`, `map`, `text or list`, `none | jupyter`. */
  readonly form: string
  readonly required: boolean
  readonly description: string
}

/** All fields in the order of the language. What `defaults` and `overrides` share with an image is not said twice. */
export function documentedFields(): readonly DocumentedField[] {
  return childrenIn(configSchema(), "")
}

function childrenIn(schema: Schema, path: string): readonly DocumentedField[] {
  const image = path === "images.*.overrides[]"
  const named = Object.entries(schema.properties ?? {})
    .filter(([name]) => !image || name === "match")
    .flatMap(([name, field]) =>
      documented(field, {
        path: path === "" ? name : `${path}.${name}`,
        required: schema.required?.includes(name) ?? false,
      }),
    )
  const open = schema.additionalProperties
  const any = typeof open === "object" ? documented(open, { path: `${path}.*`, required: false }) : []
  const items = schema.items === undefined ? [] : childrenIn(schema.items, `${path}[]`)
  const forms = (schema.anyOf ?? []).flatMap((form) => childrenIn(form, path))
  return [...named, ...any, ...items, ...forms]
}

function documented(
  field: Schema,
  { path, required }: { path: string; required: boolean },
): readonly DocumentedField[] {
  const inner = path.startsWith("defaults.") ? [] : childrenIn(field, path)
  const trivial = path.endsWith(".*") && inner.length === 0
  const description = field.description ?? ""
  return [
    ...(trivial && description.startsWith("Its value") ? [] : [{ path, form: formOf(field), required, description }]),
    ...inner,
  ]
}

function formOf(schema: Schema): string {
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(formOf))].join(" or ")
  if (schema.enum !== undefined) return schema.enum.join(" | ")
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.type === "string") return "text"
  if (schema.type === "array") return "list"
  if (schema.type === "object") return "map"
  return schema.type === "integer" ? "number" : (schema.type ?? "any")
}

/** The keys that the language knows at a place of the file; none where any name may stand. */
export function keysAt(path: readonly (string | number)[]): readonly string[] {
  let here: readonly Schema[] = [configSchema()]
  for (const part of path) here = here.flatMap((schema) => below(schema, part))
  return [...new Set(here.flatMap(keysOf))]
}

function below(schema: Schema, part: string | number): readonly Schema[] {
  const forms = (schema.anyOf ?? []).flatMap((form) => below(form, part))
  if (typeof part === "number") return schema.items === undefined ? forms : [schema.items, ...forms]
  const named = schema.properties?.[part]
  const open = schema.additionalProperties
  const found = named ?? (typeof open === "object" ? open : undefined)
  return found === undefined ? forms : [found, ...forms]
}

function keysOf(schema: Schema): readonly string[] {
  return [...Object.keys(schema.properties ?? {}), ...(schema.anyOf ?? []).flatMap(keysOf)]
}
