import { z } from "zod"
import { Failure } from "../../../failure.ts"
import { isTag } from "../../reference.ts"
import { pages } from "./pages.ts"
import { repositoryAt } from "./places.ts"
import { pullScope } from "./scope.ts"
import type { Answer, Call, Transport } from "./transport.ts"

const Page = z.object({ tags: z.array(z.string()).nullish() })

const pageSize = 1000

/**
 * All tags of a repository after one, sorted by code units. Registries differ: some list in no order, some do not
 * know `last`. So a list that is found to be unordered is read again from its start, and the order is made here.
 * None if there is no such repository.
 */
export async function listTags(
  transport: Transport,
  repository: string,
  after: string | undefined,
): Promise<readonly string[]> {
  const tags =
    (await readTags(transport, repository, after)) ?? (await readTags(transport, repository, undefined)) ?? []
  return tags.filter((tag) => after === undefined || tag > after)
}

/** `undefined` if the answers cannot be trusted to hold all tags after `last`. */
async function readTags(
  transport: Transport,
  repository: string,
  last: string | undefined,
): Promise<readonly string[] | undefined> {
  const { endpoint } = transport.context
  const whole = repositoryAt(endpoint, repository)
  const query = new URLSearchParams({ n: String(pageSize), ...(last === undefined ? {} : { last }) })
  const call: Call = {
    method: "GET",
    url: `/v2/${whole}/tags/list?${query.toString()}`,
    scopes: [pullScope(whole)],
    doing: `list the tags of ${endpoint.host}/${whole}`,
  }
  const found = new Set<string>()
  let previous: string | undefined
  for await (const answer of pages(transport, call)) {
    if (answer.status === 404 && found.size === 0) return []
    if (answer.status === 400 && last !== undefined) return undefined
    if (answer.status !== 200) throw await transport.refused(call, answer)
    for (const tag of tagsIn(answer, call)) {
      if (last !== undefined && previous !== undefined && !isOrdered(previous, tag)) return undefined
      previous = tag
      found.add(tag)
    }
  }
  return [...found].sort()
}

/** Two orders are allowed: of bytes, and of letters whatever their case; `last` means the same in both for lower case. */
function isOrdered(a: string, b: string): boolean {
  return a <= b && a.toLowerCase() <= b.toLowerCase()
}

function tagsIn(answer: Answer, call: Call): readonly string[] {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(answer.bytes).toString("utf8"))
  } catch (cause) {
    throw new Failure("cannot", `Cannot ${call.doing}: the answer is no JSON`, { cause })
  }
  const parsed = Page.safeParse(value)
  if (!parsed.success) throw new Failure("cannot", `Cannot ${call.doing}: the answer has another form than it should`)
  return (parsed.data.tags ?? []).filter(isTag)
}
