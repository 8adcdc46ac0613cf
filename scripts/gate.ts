import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { installMissing, testPackages } from "./machine.ts"

/**
 * The one gate, the same here and in CI: formatting, lint, types, dead code, drift of what is generated, then all
 * tests. `npm test -- --project unit` and other arguments go to Vitest, and then only the tests run.
 */
const root = resolve(import.meta.dirname, "..")
const bin = join(root, "node_modules/.bin")
const env = { ...process.env, PATH: `${join(root, "node_modules/node/bin")}:${bin}:${process.env["PATH"] ?? ""}` }
const chosen = process.argv.slice(2)

type Step = { readonly name: string; readonly argv: readonly string[] }

const steps: readonly Step[] = [
  { name: "formatting", argv: ["oxfmt", "--check", "src", "test", "scripts", "bench", "vitest.config.ts"] },
  { name: "lint", argv: ["oxlint", "--type-aware", "--deny-warnings", "src", "test", "scripts", "bench"] },
  { name: "types", argv: ["tsc", "-p", "."] },
  { name: "types of the page", argv: ["tsc", "-p", "src/cli/inspect/html/page"] },
  { name: "dead code", argv: ["knip"] },
  { name: "generated files", argv: ["node", "scripts/generate.ts", "--check"] },
]

let [passed, failed] = [0, 0]

function run(argv: readonly string[]): boolean {
  const [program = "", ...args] = argv
  return spawnSync(program, args, { cwd: root, env, stdio: ["ignore", "inherit", "inherit"] }).status === 0
}

installMissing(testPackages)
// What people run is what is tested.
run(["node", "scripts/chunks.ts"])
if (chosen.length === 0)
  for (const { name, argv } of steps) {
    const good = run(argv)
    console.log(`${good ? "ok" : "FAILED"}: ${name}`)
    if (good) passed++
    else failed++
  }

const folder = mkdtempSync(join(tmpdir(), "nbstacks-gate-"))
const report = join(folder, "report.json")
const good = run(["vitest", "run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`, ...chosen])
try {
  const counts: { numPassedTests: number; numFailedTests: number } = JSON.parse(readFileSync(report, "utf8"))
  passed += counts.numPassedTests
  failed += counts.numFailedTests
} catch {
  console.error("error: the tests did not come to an end")
}
rmSync(folder, { recursive: true, force: true })
if (!good && failed === 0) failed++
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
