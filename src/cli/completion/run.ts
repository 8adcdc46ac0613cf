import type { Context } from "../context.ts"
import { makeProgram } from "../program.ts"
import { bash } from "./bash.ts"
import { declared } from "./declared.ts"
import { fish } from "./fish.ts"
import { zsh } from "./zsh.ts"

type Shell = "bash" | "zsh" | "fish"

/** Prints a completion script. Commands and options are in it; rows are asked for with `nbstacks tree --json`. */
export async function completion({ io }: Context, shell: Shell): Promise<number> {
  io.out({ bash, zsh, fish }[shell](declared(makeProgram(async () => undefined, ""))))
  return 0
}
