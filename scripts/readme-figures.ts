import { resolve } from "node:path"
import { readFileSync } from "node:fs"
import { makeHost } from "../src/host/node/host.ts"
import { readResults } from "../bench/results.ts"
import { figures } from "../bench/table.ts"

const root = resolve(import.meta.dirname, "..")
const [start, end] = ["<!-- bench -->", "<!-- /bench -->"]

/** The README with the table of bench/results.json between its marks; as it is, if it has none of these or there are no results. */
export async function readmeWithFigures(): Promise<string> {
  const readme = readFileSync(resolve(root, "README.md"), "utf8")
  const results = await readResults(makeHost({}), resolve(root, "bench/results.json"))
  const [from, to] = [readme.indexOf(start), readme.indexOf(end)]
  if (results === undefined || from === -1 || to < from) return readme
  return `${readme.slice(0, from + start.length)}\n\n${figures(results)}\n\n${readme.slice(to)}`
}
