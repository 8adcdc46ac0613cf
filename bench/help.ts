import type { Host } from "../src/host/host.ts"
import { program } from "../test/support/sandbox.ts"
import { measure, repeated, summary, type Measured } from "./measure.ts"

/** `--help`, and what Node alone takes to start. */
export async function help(host: Host): Promise<readonly Measured[]> {
  const runs = 15
  const name = "--help"
  return [
    summary(
      { name, by: "nbstacks", goal: "0.1 s" },
      await repeated(runs, () => measure(host, { argv: [program, "--help"] })),
    ),
    summary(
      { name, by: "Node alone, for comparison" },
      await repeated(runs, () => measure(host, { argv: [process.execPath, "-e", "0"] })),
    ),
  ]
}
