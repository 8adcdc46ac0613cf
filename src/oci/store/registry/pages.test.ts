import { expect, test } from "vitest"
import { nextLink } from "./pages.ts"

test.each([
  ['</v2/a/tags/list?n=2&last=b>; rel="next"', "/v2/a/tags/list?n=2&last=b"],
  ["</x>; rel=next", "/x"],
  ['</first>; rel="first", </second>; title="a, b"; rel="prev next"', "/second"],
  ['</x>; rel="nextdoor"', undefined],
  ['</x>; rel="prev"', undefined],
  ["", undefined],
  ["garbage", undefined],
])("%s", (link, expected) => {
  expect(nextLink({ link })).toBe(expected)
})

test("a long header is read in bounded time", () => {
  expect(nextLink({ link: `<${"a".repeat(100_000)}` })).toBeUndefined()
  expect(nextLink({ link: `</x>${" ; a".repeat(20_000)}` })).toBeUndefined()
})
