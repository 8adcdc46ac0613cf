import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { expect, test } from "vitest"
import { makeProgram } from "../program.ts"
import { bash } from "./bash.ts"
import { declared } from "./declared.ts"

const run = promisify(execFile)
const script = bash(declared(makeProgram(async () => undefined, "")))

/** Calls the function of the script as bash does: colons split words there. Rows depend on the folder. */
async function complete(line: string): Promise<readonly string[]> {
  const split = line.split(" ").flatMap((word) => word.split(/(:)/).filter((part) => part !== ""))
  const words = line.endsWith(" ") ? [...split, ""] : split
  const program = `
nbstacks() {
  case "$*" in
    "tree --json") printf '  "image": "%s",\\n' base course:1 course:2 ;;
    "-C /other tree --json") printf '  "image": "%s",\\n' elsewhere ;;
  esac
}
${script}
line=$1; shift
COMP_LINE=$line COMP_POINT=\${#line} COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_nbstacks
printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout } = await run("bash", ["-c", program, "bash", line, ...words])
  return stdout.split("\n").filter((word) => word !== "")
}

test.each([
  ["nbstacks pub", ["publish"]],
  ["nbstacks -C /other bui", ["build"]],
  ["nbstacks build b", ["base"]],
  ["nbstacks -C /other build e", ["elsewhere"]],
  ["nbstacks build course:", ["1", "2"]],
  ["nbstacks --directory /other tree --only ", ["elsewhere"]],
  ["nbstacks store ", ["serve", "gc", "verify", "-C", "--directory", "-h", "--help"]],
  ["nbstacks store serve --p", ["--port"]],
  ["nbstacks -C /other store gc --o", ["--older-than"]],
  ["nbstacks store serve --port ", []],
  ["nbstacks check --runtime ", ["docker", "podman", "bubblewrap"]],
  ["nbstacks completion ", ["-C", "--directory", "-h", "--help", "bash", "zsh", "fish"]],
  ["nbstacks help sto", ["store"]],
  ["nbstacks -C /us", ["/usr"]],
])("bash completes %s", async (line, words) => {
  expect([...(await complete(line))].sort()).toEqual([...words].sort())
})
