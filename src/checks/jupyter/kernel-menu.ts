import { KernelSpecAPI } from "@jupyterlab/services"
import type { Connection } from "./connection.ts"
import type { Notebook } from "./notebook-file.ts"

/** What the server offers to start. */
export type KernelMenu = {
  readonly default: string
  /** Languages in lower case, by kernel name. */
  readonly languages: ReadonlyMap<string, string>
}

/** The kernels in the menu, as `/api/kernelspecs` lists them. */
export async function kernelMenu(connection: Connection): Promise<KernelMenu> {
  const specs = await KernelSpecAPI.getSpecs(connection.settings)
  const languages = new Map<string, string>()
  for (const [name, spec] of Object.entries(specs.kernelspecs)) {
    if (spec !== undefined) languages.set(name, spec.language.toLowerCase())
  }
  return { default: specs.default, languages }
}

/** The names in the menu as one text. */
export function menuText(menu: KernelMenu): string {
  return menu.languages.size === 0 ? "the menu is empty" : `there are ${[...menu.languages.keys()].sort().join(", ")}`
}

/**
 * The kernel that runs a notebook: its own if it is there. A notebook that names none, or one that is not here, such as
 * the name of its author's environment, gets the first declared kernel of its language, else the server's default
 * if that speaks its language. A notebook without any language gets the first declared kernel, else the default.
 */
export function chooseKernel(
  { kernel, language }: Pick<Notebook, "kernel" | "language">,
  menu: KernelMenu,
  declared: readonly string[],
): string | { readonly no: string } {
  if (kernel !== undefined && menu.languages.has(kernel)) return kernel
  const candidates = [...declared, menu.default].filter((name) => menu.languages.has(name))
  const fitting = candidates.find((name) => language === undefined || menu.languages.get(name) === language)
  if (fitting !== undefined) return fitting
  const wanted =
    kernel === undefined
      ? `a kernel for ${language}`
      : `the kernel ${kernel}${language === undefined ? "" : ` (${language})`}`
  return { no: `it wants ${wanted}, and ${menuText(menu)}` }
}
