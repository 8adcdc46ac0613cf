import { configSchema } from "../../config/fields.ts"
import type { Context } from "../context.ts"

/** Prints the JSON schema of `nbstacks.yaml`. */
export async function schema({ io }: Context): Promise<number> {
  io.out(`${JSON.stringify(configSchema(), undefined, 2)}\n`)
  return 0
}
