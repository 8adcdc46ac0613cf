import { expect, test } from "vitest"
import type { Request, Response } from "../../../host/http.ts"
import type { RegistryHost } from "./context.ts"
import { openRegistry } from "./registry.ts"

type Page = { readonly status?: number; readonly link?: string; readonly tags?: unknown; readonly body?: string }

/** A host whose only registry answers as told; it has no files, and no time passes. */
function hostOf(answer: (url: URL) => Page): { readonly host: RegistryHost; readonly asked: string[] } {
  const asked: string[] = []
  const http = (request: Request): Promise<Response> => {
    const url = new URL(request.url)
    asked.push(`${url.pathname}${url.search}`)
    const { status = 200, link, tags, body = JSON.stringify({ name: "a", tags }) } = answer(url)
    return Promise.resolve({ status, headers: link === undefined ? {} : { link }, body: once(body) })
  }
  const unused = (): never => {
    throw new Error("not needed")
  }
  const host = {
    http,
    now: () => new Date(0),
    sleep: () => Promise.resolve(),
    random: () => "00000000",
    run: unused,
    env: {},
    files: {},
    machine: {},
  } as unknown as RegistryHost
  return { host, asked }
}

async function* once(text: string): AsyncIterable<Uint8Array> {
  yield new TextEncoder().encode(text)
}

async function tagsOf(
  answer: (url: URL) => Page,
  after?: string,
): Promise<{ readonly tags: string[]; readonly asked: string[] }> {
  const { host, asked } = hostOf(answer)
  const tags: string[] = []
  for await (const tag of openRegistry("registry.example", host).tags("a", after)) tags.push(tag)
  return { tags, asked }
}

test("pages are followed by their links, whatever host these name", async () => {
  const found = await tagsOf((url) =>
    url.searchParams.has("last")
      ? { tags: ["c", "d"] }
      : { tags: ["a", "b"], link: '<http://internal:5000/v2/a/tags/list?n=2&last=b>; rel="next"' },
  )
  expect(found).toEqual({ tags: ["a", "b", "c", "d"], asked: ["/v2/a/tags/list?n=1000", "/v2/a/tags/list?n=2&last=b"] })
})

test("the registry is asked for what comes after a tag", async () => {
  const found = await tagsOf(() => ({ tags: ["release-3"] }), "release-2")
  expect(found).toEqual({ tags: ["release-3"], asked: ["/v2/a/tags/list?n=1000&last=release-2"] })
})

test("a registry that lists in no order, or does not know the tag, is read whole", async () => {
  const unordered = await tagsOf(
    (url) => ({ tags: url.searchParams.has("last") ? ["d", "c"] : ["d", "a", "c", "b"] }),
    "a",
  )
  expect(unordered.tags).toEqual(["b", "c", "d"])
  expect(unordered.asked).toHaveLength(2)
  const unknown = await tagsOf((url) => (url.searchParams.has("last") ? { status: 400 } : { tags: ["b", "a"] }), "a")
  expect(unknown.tags).toEqual(["b"])
})

test("none, null and what is no tag", async () => {
  expect((await tagsOf(() => ({ status: 404 }))).tags).toEqual([])
  expect((await tagsOf(() => ({ tags: null }))).tags).toEqual([])
  expect((await tagsOf(() => ({ tags: ["ok", "../etc", ""] }))).tags).toEqual(["ok"])
})

test.each([
  ["links to itself", { tags: ["a"], link: '</v2/a/tags/list?n=1000>; rel="next"' }],
  ["links to another list", { tags: ["a"], link: '</v2/b/tags/list>; rel="next"' }],
  ["is no JSON", { body: "<html>" }],
  ["has another form", { tags: "a" }],
  ["is forbidden otherwise", { status: 418 }],
] as const)("a list that %s is an error", async (_, page) => {
  await expect(tagsOf(() => page)).rejects.toMatchObject({ code: "cannot" })
})

test("a list without an end ends", async () => {
  let page = 0
  const endless = tagsOf(() => ({ tags: ["a"], link: `</v2/a/tags/list?last=${(page += 1)}>; rel="next"` }))
  await expect(endless).rejects.toMatchObject({ code: "cannot" })
  expect(page).toBeLessThanOrEqual(10_000)
})
