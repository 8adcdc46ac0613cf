/** A notebook that is run to its end. `sha256` is of its bytes: a changed notebook is checked again. */
export type NotebookCheck = {
  /** Relative to the tree's folder, with `/`. */
  readonly path: string
  readonly sha256: string
  /** Seconds for the whole notebook. */
  readonly timeout: number
}

export type CommandCheck = {
  /** Run by `/bin/sh -c` as the image's user. Its name in reports, too. */
  readonly run: string
  /** Seconds. */
  readonly timeout: number
}

/** A path that must answer over HTTP below the server's base URL, such as `/vscode`. */
export type PathCheck = { readonly path: string; readonly status: number }

/** Resolved checks of a row, what it inherits merged in. All of it enters the check key. */
export type CheckSpec = {
  readonly profile: "none" | "jupyter"
  /** Kernel names that must be in the menu and run a cell. Sorted. */
  readonly kernels: readonly string[]
  /** Modules, by the kernel in which they are imported. */
  readonly imports: Readonly<Record<string, readonly string[]>>
  readonly notebooks: readonly NotebookCheck[]
  readonly paths: readonly PathCheck[]
  readonly commands: readonly CommandCheck[]
  /** Checks that this machine cannot run (a GPU), by name; recorded as not run. */
  readonly later: Readonly<Record<string, LaterCheck>>
}

export type LaterCheck = {
  readonly imports: Readonly<Record<string, readonly string[]>>
  readonly notebooks: readonly NotebookCheck[]
  readonly commands: readonly CommandCheck[]
}
