import { expect, test } from "vitest"
import { secretReader } from "./secrets.ts"

const read = secretReader(
  {
    folder: "/tree",
    secrets: { below: { file: "a/token" }, absolute: { file: "/run/token" }, set: { environment: "T" } },
  },
  {
    env: { T: "value" },
    // A file holds its own path.
    files: { read: async (path: string) => new TextEncoder().encode(path) } as never,
  },
)

test.each([
  ["below", "/tree/a/token"],
  ["absolute", "/run/token"],
  ["set", "value"],
])("the secret %s is read from where nbstacks.yaml says", async (id, value) => {
  expect(new TextDecoder().decode(await read(id))).toBe(value)
})

test("a secret that nobody declared is an error", async () => {
  await expect(read("other")).rejects.toThrow("There is no secret `other`")
})
