import type { Item, Reader } from "../item.ts"
import { fieldsOf, given, said } from "./fields.ts"

/**
 * What is installed below `site-packages` and `dist-packages`: `.dist-info`, and `.egg-info` as a folder or a file. Who
 * installed it and where from stands in files beside it, `INSTALLER` and `direct_url.json`, which `joinOf` puts to it.
 * https://packaging.python.org/en/latest/specifications/recording-installed-packages/
 */
export const python: Reader = {
  wants: (path) => metadataShape.test(path),
  read(_, content) {
    const fields = fieldsOf(headOf(content))
    const [name, version] = [said(fields.get("name")), said(fields.get("version"))]
    if (name === undefined || version === undefined) return []
    const found: Item = {
      kind: "package",
      ecosystem: "pypi",
      name,
      version,
      ...given({ licence: licenceOf(fields, content) }),
    }
    return [found]
  },
}

const metadataShape =
  /(?:^|\/)(?:site-packages|dist-packages)\/(?:[^/]+\.dist-info\/METADATA|[^/]+\.egg-info(?:\/PKG-INFO)?|[^/]+\.egg\/EGG-INFO\/PKG-INFO)$/

/** Packages that conda has unpacked, from which it links into environments. */
export function isPackageCache(path: string): boolean {
  return /(?:^|\/)pkgs\/[^/]+-[^/]+-[^/]+\//.test(path)
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

/** The expression; else the classifiers, which are exact where they are; else the free text if it is a short one. */
function licenceOf(fields: ReadonlyMap<string, string>, content: Buffer): string | undefined {
  const expression = said(fields.get("license-expression"))
  if (expression !== undefined) return expression
  const free = fields.get("license")
  const line = free?.includes("\n") === true ? undefined : said(free)
  if (line !== undefined && line.length <= 80) return line
  const classifiers = [...headOf(content).matchAll(/^Classifier:\s*License :: (?:OSI Approved :: )?(.+)$/gim)]
  return said(classifiers.map((match) => (match[1] ?? "").trim()).join(" AND "))
}
