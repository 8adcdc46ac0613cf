import { stripTypeScriptTypes } from "node:module"
import { join } from "node:path"
import type { Files } from "../../../host/files.ts"
import { programFolder } from "../../../program.ts"

/** The page's own program, each part behind those that it uses. */
const parts = [
  "src/report/format.ts",
  ...["dom", "tree", "treemap", "packages", "steps", "main"].map((name) => `src/cli/inspect/html/page/${name}.ts`),
]

/** What is written into a page besides its data. */
export type PageParts = { readonly script: string; readonly style: string }

/**
 * Reads the page's program and its look. There is no bundler where the program is installed, so the parts of the source are put behind
 * each other without types, imports and exports, in a scope of their own, behind the library that lays out its map.
 */
export async function readPageParts(files: Pick<Files, "readText">): Promise<PageParts> {
  const read = async (path: string): Promise<string> => await files.readText(join(programFolder, path))
  const library = "node_modules/d3-hierarchy"
  const [licence, layout, style] = [
    await read(`${library}/LICENSE`),
    await read(`${library}/dist/d3-hierarchy.min.js`),
    await read("src/cli/inspect/html/page/page.css"),
  ]
  const sources = await Promise.all(parts.map(async (path) => joined(await read(path))))
  const script = [
    `/* d3-hierarchy\n${licence.trim()}\n*/`,
    layout,
    '{\n"use strict"\nconst { hierarchy, treemap, treemapSquarify } = globalThis.d3',
    ...sources,
    "}\n",
  ].join("\n")
  return { script, style }
}

/** A module as a part of one script. */
function joined(source: string): string {
  return stripTypeScriptTypes(source, { mode: "strip" })
    .replaceAll(/^import\b[^"]*"[^"]*"$/gm, "")
    .replaceAll(/^export (?=async|const|function)/gm, "")
    .replaceAll(/[ \t]+$/gm, "")
    .replaceAll(/\n{3,}/g, "\n\n")
}
