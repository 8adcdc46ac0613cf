import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib"
import { Failure } from "../../failure.ts"
import type { Host } from "../../host/host.ts"
import { get, repeated, type Answer, type Asking } from "./get.ts"
import { linkFrom, type Link } from "./link.ts"
import { parseHtmlPage } from "./page-html.ts"
import { parseJsonPage } from "./page-json.ts"

/** Of an index page, in bytes. The largest real ones have some ten million. */
const pageLimit = 64 * 1024 * 1024

const accepted =
  "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1, */*;q=0.01"

export type LinksAsking = Asking & { readonly host: Asking["host"] & Pick<Host, "files"> }

/** All files of a project that an index offers; none when it does not know the project. */
export async function indexLinks(asking: LinksAsking, index: string, project: string): Promise<Link[]> {
  const address = `${index}/${project}/`
  if (new URL(address).protocol !== "file:") return pageLinks(asking, address)
  const folder = fileURLToPath(address)
  const page = await asking.host.files.readText(join(folder, "index.html")).catch(() => undefined)
  return page === undefined ? folderLinks(asking.host, folder) : parseHtmlPage(page, address)
}

/** The files that a `find-links` entry offers: a folder, a page of this machine, or a page of another. */
export async function findLinksLinks(asking: LinksAsking, address: string): Promise<Link[]> {
  if (new URL(address).protocol !== "file:") return pageLinks(asking, address)
  const path = fileURLToPath(address)
  const stat = await asking.host.files.stat(path)
  if (stat?.kind !== "file") return folderLinks(asking.host, path)
  return parseHtmlPage(await asking.host.files.readText(path), address)
}

async function folderLinks(host: Pick<Host, "files">, folder: string): Promise<Link[]> {
  const entries = (await host.files.list(folder)) ?? []
  return entries.flatMap(({ name, kind }) => {
    const link =
      kind === "directory"
        ? undefined
        : linkFrom(pathToFileURL(join(folder, name)).href, "file:///", { filename: name })
    return link === undefined ? [] : [link]
  })
}

async function pageLinks(asking: LinksAsking, address: string): Promise<Link[]> {
  return repeated(asking, address, async () => {
    const answer = await get(asking, address, { accept: accepted, "accept-encoding": "identity" })
    if (answer.status === 404) return []
    const text = await textOf(answer)
    const type = (answer.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? ""
    if (/^application\/(?:vnd\.pypi\.simple\.v1\+)?json$/.test(type)) return parseJsonPage(text, answer.url)
    if (type === "text/html" || type === "application/vnd.pypi.simple.v1+html") return parseHtmlPage(text, answer.url)
    throw new Failure("cannot", `${address} is no index page, but ${type === "" ? "of no known type" : type}`, {
      hint: "An index answers in HTML (PEP 503) or JSON (PEP 691): check `index-url` in `pip config list`",
    })
  })
}

const decoders: Readonly<Record<string, (bytes: Buffer, limit: { readonly maxOutputLength: number }) => Buffer>> = {
  gzip: gunzipSync,
  "x-gzip": gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
}

const wrongPage =
  "Look at the address of the index in pip's configuration (`pip config list`), and at a proxy before it"

/** The text of a page. We ask for it as it is, but some caches send it compressed all the same. */
async function textOf({ body, url, headers }: Answer): Promise<string> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of body) {
    size += piece.length
    if (size > pageLimit)
      throw new Failure("cannot", `The index page ${url} has more than ${pageLimit} bytes`, { hint: wrongPage })
    pieces.push(piece)
  }
  const bytes = Buffer.concat(pieces)
  const encoding = (headers["content-encoding"] ?? "identity").trim().toLowerCase()
  if (encoding === "identity" || encoding === "") return bytes.toString("utf8")
  try {
    const decode = decoders[encoding]
    if (decode !== undefined) return decode(bytes, { maxOutputLength: pageLimit }).toString("utf8")
  } catch (cause) {
    throw new Failure("temporary", `The index page ${url} cannot be decompressed`, { cause, hint: wrongPage })
  }
  throw new Failure("cannot", `The index page ${url} came in the encoding \`${encoding}\``, { hint: wrongPage })
}
