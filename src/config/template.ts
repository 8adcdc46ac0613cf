/** A text with its `{axis}` filled in, and the placeholders that nothing stands for. */
export type Filled = { readonly text: string; readonly unknown: readonly string[] }

const placeholder = /(\$)?\{(\{)?([A-Za-z][A-Za-z0-9_-]*)\}(\})?/g

/**
 * Fills `{axis}` in. `${NAME}` is left as it is, for it belongs to shells and Dockerfiles; `{{name}}` is the text
 * `{name}`.
 *
 * @example fillTemplate("images/{version}", { version: "2021.3" }).text // "images/2021.3"
 */
export function fillTemplate(template: string, values: Readonly<Record<string, string>>): Filled {
  if (!template.includes("{")) return { text: template, unknown: [] }
  const unknown: string[] = []
  const text = template.replaceAll(
    placeholder,
    (whole, dollar: string | undefined, open: string | undefined, name: string, close: string | undefined) => {
      if (dollar !== undefined) return whole
      if (open !== undefined && close !== undefined) return `{${name}}`
      const value = Object.hasOwn(values, name) ? values[name] : undefined
      if (value === undefined) unknown.push(name)
      return `${open ?? ""}${value ?? `{${name}}`}${close ?? ""}`
    },
  )
  return { text, unknown }
}

/** Names of the placeholders in a template, each once. */
export function placeholdersOf(template: string): readonly string[] {
  return [...new Set(fillTemplate(template, {}).unknown)]
}
