import type { Problem } from "./row.ts"

/** What a Dockerfile is built from, or everything that is wrong with it, at the places in it. */
export type FinalBase = { readonly base: string | undefined } | { readonly wrong: readonly Problem[] }

/**
 * What reading the configuration needs from the room that understands Dockerfiles.
 */
export type DockerfileDoor = {
  /**
   * What the stage that is built (`target`, else the last) is built from, through the stages before it, arguments
   * expanded; `undefined` where an argument without a value leaves it open. `file` is relative to the tree's folder.
   */
  finalBase(file: string, args: Readonly<Record<string, string>>, target: string | undefined): Promise<FinalBase>
}
