import { z } from "zod"
import { Failure } from "../../failure.ts"
import { linkFrom, type Link } from "./link.ts"

const Page = z.object({
  meta: z.object({ "api-version": z.string() }),
  files: z.array(
    z.object({
      filename: z.string().regex(/^[^/\\]+$/),
      url: z.string(),
      hashes: z.record(z.string(), z.string()).optional(),
      "requires-python": z.string().nullish(),
      // PEP 700. A page that says nonsense here is of use all the same.
      size: z.int().nonnegative().optional().catch(undefined),
    }),
  ),
})

/** The files of an index page in JSON, API version 1. PEP 691; fails with `temporary` when it is something else. */
export function parseJsonPage(text: string, address: string): Link[] {
  const broken = (cause?: unknown): Failure =>
    new Failure("temporary", `The index page ${address} is not in the form of PEP 691`, {
      cause,
      hint: "Run the command again; if it stays, look at the address of the index in pip's configuration (`pip config list`)",
    })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw broken(error)
  }
  const page = Page.safeParse(value)
  if (!page.success || !page.data.meta["api-version"].startsWith("1.")) throw broken(page.error)
  return page.data.files.flatMap((file) => {
    const link = linkFrom(file.url, address, {
      filename: file.filename,
      sha256: file.hashes?.["sha256"],
      requiresPython: file["requires-python"] ?? undefined,
      size: file.size,
    })
    return link === undefined ? [] : [link]
  })
}
