import { z } from "zod"

const text = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (Array.isArray(value) ? value.join("") : value))

const Cell = z.object({
  cell_type: z.string(),
  source: text,
  metadata: z.object({ tags: z.array(z.string()).catch([]).default([]) }).default({ tags: [] }),
})

const Metadata = z.object({
  kernelspec: z
    .object({ name: z.string(), language: z.string().optional().catch(undefined) })
    .optional()
    .catch(undefined),
  language_info: z.object({ name: z.string() }).optional().catch(undefined),
})

const File = z.object({ nbformat: z.literal(4), metadata: Metadata.default({}), cells: z.array(Cell) })

/** A cell that is to be run. */
export type NotebookCell = {
  /** Among all cells, counted from 1. */
  readonly number: number
  readonly source: string
  /** The tag `raises-exception`: an error is allowed. */
  readonly mayFail: boolean
}

export type Notebook = {
  /** The kernel's name, if the notebook says one. */
  readonly kernel: string | undefined
  /** In lower case, if the notebook says one. */
  readonly language: string | undefined
  /** Code cells in their order; empty ones and those tagged `skip-execution` are left out, as nbclient does. */
  readonly cells: readonly NotebookCell[]
}

/**
 * Reads a notebook of format 4, any minor version; all else gives the reason why not.
 * https://nbformat.readthedocs.io/en/latest/format_description.html
 */
export function readNotebook(bytes: Uint8Array): Notebook | { readonly no: string } {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes))
  } catch {
    return { no: "it is no JSON" }
  }
  const format = z.object({ nbformat: z.int() }).safeParse(value)
  if (format.success && format.data.nbformat !== 4) {
    return { no: `its format is ${format.data.nbformat}, and only 4 can be run: open it in JupyterLab and save it` }
  }
  const parsed = File.safeParse(value)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    return { no: `it is no notebook: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}` }
  }
  const { metadata, cells } = parsed.data
  return {
    kernel: metadata.kernelspec?.name,
    language: (metadata.kernelspec?.language ?? metadata.language_info?.name)?.toLowerCase(),
    cells: cells
      .map((cell, at) => ({ ...cell, number: at + 1 }))
      .filter(({ cell_type, source, metadata: { tags } }) => {
        return cell_type === "code" && source.trim() !== "" && !tags.includes("skip-execution")
      })
      .map(({ number, source, metadata: { tags } }) => ({
        number,
        source,
        mayFail: tags.includes("raises-exception"),
      })),
  }
}
