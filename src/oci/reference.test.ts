import { expect, test } from "vitest"
import { formatReference, isRepository, isTag, parseReference } from "./reference.ts"

const digest = `sha256:${"a".repeat(64)}` as const

test.each([
  ["ghcr.io/x/y:1", { host: "ghcr.io", repository: "x/y", tag: "1", digest: undefined }],
  ["127.0.0.1:5000/a", { host: "127.0.0.1:5000", repository: "a", tag: undefined, digest: undefined }],
  ["localhost/a:b", { host: "localhost", repository: "a", tag: "b", digest: undefined }],
  ["[::1]:5000/a", { host: "[::1]:5000", repository: "a", tag: undefined, digest: undefined }],
  [`quay.io/a/b:t@${digest}`, { host: "quay.io", repository: "a/b", tag: "t", digest }],
  ["docker.io/ubuntu:24.04", { host: "docker.io", repository: "library/ubuntu", tag: "24.04", digest: undefined }],
  ["index.docker.io/x/y", { host: "docker.io", repository: "x/y", tag: undefined, digest: undefined }],
  ["ubuntu:24.04", { host: undefined, repository: "ubuntu", tag: "24.04", digest: undefined }],
  ["datascience/base", { host: undefined, repository: "datascience/base", tag: undefined, digest: undefined }],
])("%s", (text, reference) => {
  expect(parseReference(text)).toEqual(reference)
})

test.each([
  "",
  "UPPER",
  "a//b",
  "/a",
  "a/",
  "a:",
  "a:-x",
  "a@sha256:12",
  "a@md5:aa",
  "ghcr.io/",
  "ghcr.io/A",
  "x.y:99999/a",
  "x.y:0/a",
  "-x.y/a",
  "a b",
  "a___b",
  "https://ghcr.io/a",
  `a@${digest}@${digest}`,
])("%j is no reference", (text) => {
  expect(parseReference(text)).toBeUndefined()
})

test("a reference is written as it was parsed", () => {
  const text = `127.0.0.1:5000/a/b:t@${digest}`
  const parsed = parseReference(text)
  expect(parsed && formatReference(parsed)).toBe(text)
})

test("paths and tags are bounded", () => {
  expect([isRepository("a".repeat(255)), isRepository("a".repeat(256))]).toEqual([true, false])
  expect([isTag("a".repeat(128)), isTag("a".repeat(129)), isTag(".a"), isTag("_")]).toEqual([true, false, false, true])
  expect(["a--b", "a__b", "a.b", "a._b", "a-"].map(isRepository)).toEqual([true, true, true, false, false])
})
