import type { Clock } from "./clock.ts"
import type { Files } from "./files.ts"
import type { Http, Serve } from "./http.ts"
import type { Machine } from "./machine.ts"
import type { Run, Start } from "./process.ts"

/**
 * Everything outside the program, as one contract. `cli/main.ts` makes the real one; every function asks for
 * the parts it uses: `Pick<Host, "files" | "now">`. There is no default anywhere.
 */
export type Host = Clock &
  Machine & {
    readonly files: Files
    readonly http: Http
    readonly serve: Serve
    readonly run: Run
    readonly start: Start
  }
