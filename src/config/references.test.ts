import { expect, test } from "vitest"
import { readBase, readFrom } from "./references.ts"

test.each([
  ["base", { kind: "tree", key: "base", row: undefined }],
  ["datascience:2021.3-gpu", { kind: "tree", key: "datascience", row: "datascience:2021.3-gpu" }],
  ["ghcr.io/x/y:tag", { kind: "external", reference: "ghcr.io/x/y:tag" }],
  ["localhost:5000/x", { kind: "external", reference: "localhost:5000/x" }],
])("from %s", (text, from) => {
  expect(readFrom(text)).toEqual(from)
})

test.each(["jupyter/base-notebook", "Base", "a b", "", "ghcr.io/UPPER/x", "x@sha256:12", "../x"])(
  "from %s is refused",
  (text) => {
    expect(readFrom(text).kind).toBe("wrong")
  },
)

test.each([
  ["base", { path: "base", tag: undefined, qualified: false }],
  ["ghcr.io/hub/a/b:1", { path: "a/b", tag: "1", qualified: true }],
  ["ghcr.io/hubble/a", undefined],
  ["quay.io/hub/a", undefined],
  ["$X", undefined],
])("FROM %s", (base, named) => {
  expect(readBase(base, "ghcr.io/hub")).toEqual(named)
})
