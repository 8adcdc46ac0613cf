import type { Reader } from "../item.ts"
import { fieldsOf, onePackage, said } from "./fields.ts"

/**
 * What is installed below `site-packages` and `dist-packages`, or in a folder that somebody named: `.dist-info`, and `.egg-info` as a folder or a file. Who
 * installed it and where from stands in files beside it, `INSTALLER` and `direct_url.json`, which `joinFacts` puts to it.
 * Copies that packages have for themselves are found too, where they kept what they are: whoever looks for faults in them needs to know.
 * https://packaging.python.org/en/latest/specifications/recording-installed-packages/
 */
export const python: Reader = {
  wants: (path) => metadataShape.test(path) || vendoredShape.test(path) || isElsewhere(path),
  read(path, content) {
    const head = headOf(content)
    const fields = fieldsOf(head)
    const licence = licenceOf(fields, head)
    return onePackage("pypi", said(fields.get("name")), said(fields.get("version")), {
      licence,
      within: vendoredShape.exec(path)?.[1],
    })
  },
}

const metadataShape =
  /(?:^|\/)(?:site-packages|dist-packages)\/(?:[^/]+\.dist-info\/METADATA|[^/]+\.egg-info(?:\/PKG-INFO)?|[^/]+\.egg\/EGG-INFO\/PKG-INFO)$/

/** True for what `pip install --target` puts into a folder of its own: not below an environment, nor where a tool unpacks for itself. */
function isElsewhere(path: string): boolean {
  return (
    /\/[^/]+\.dist-info\/METADATA$/.test(path) &&
    !/(?:^|\/)(?:site-packages|dist-packages|\.cache|archive-v\d+)\//.test(path)
  )
}

const vendoredShape =
  /(?:^|\/)(?:site-packages|dist-packages)\/([^/]+)\/(?:[^/]+\/){0,6}_vendor\/[^/]+\.dist-info\/METADATA$/

/** Packages that conda has unpacked, from which it links into environments. */
export function isPackageCache(path: string): boolean {
  return /(?:^|\/)pkgs\/[^/-]+-+[^/-]+-[^/]+\//.test(path)
}

/** The fields end at the first empty line: a description may follow, of any length. */
function headOf(content: Buffer): string {
  const text = content
    .toString("utf8")
    .replaceAll("\r\n", "\n")
    .replace(/^\uFEFF?\n*/, "")
  const end = text.indexOf("\n\n")
  return end === -1 ? text : text.slice(0, end)
}

/** The expression; else the free text if it is a short line; else the classifiers. */
function licenceOf(fields: ReadonlyMap<string, string>, head: string): string | undefined {
  const expression = said(fields.get("license-expression"))
  if (expression !== undefined) return expression
  const free = fields.get("license")
  const line = free?.includes("\n") === true ? undefined : said(free)
  if (line !== undefined && line.length <= 80) return line
  const classifiers = [...head.matchAll(/^Classifier:\s*License :: (?:OSI Approved :: )?(.+)$/gim)]
  return said(classifiers.map((match) => (match[1] ?? "").trim()).join(" AND "))
}
