import { expect, test } from "vitest"
import { parseEndpoint } from "./endpoint.ts"

test("a name gives where to go and what people call it", () => {
  expect(parseEndpoint("ghcr.io/example-hub/images")).toEqual({
    name: "ghcr.io/example-hub/images",
    host: "ghcr.io",
    hostname: "ghcr.io",
    origin: "https://ghcr.io",
    prefix: "example-hub/images",
    plain: false,
  })
  expect(parseEndpoint("127.0.0.1:5000/")).toMatchObject({
    name: "127.0.0.1:5000",
    origin: "http://127.0.0.1:5000",
    prefix: "",
  })
  expect(parseEndpoint("[::1]:5000/a")).toMatchObject({ origin: "http://[::1]:5000", plain: true })
  expect(parseEndpoint("docker.io/library")).toMatchObject({
    name: "docker.io/library",
    origin: "https://registry-1.docker.io",
  })
})

test("TLS is left out only on loopback or when asked", () => {
  expect(parseEndpoint("registry.example:5000").origin).toBe("https://registry.example:5000")
  expect(parseEndpoint("http://registry.example:5000/a")).toMatchObject({
    name: "registry.example:5000/a",
    plain: true,
  })
  expect(parseEndpoint("https://localhost:5000").origin).toBe("https://localhost:5000")
  expect(parseEndpoint("localhost:5000", false).plain).toBe(false)
  expect(parseEndpoint("registry.example", true).plain).toBe(true)
})

test.each([
  "",
  "/a",
  "user@ghcr.io",
  "ghcr.io:99999",
  "ghcr.io/Upper",
  "ghcr.io/a//b",
  "ghcr.io/a?b",
  "ghcr.io#x",
  "a b",
  "ftp://ghcr.io",
  "ghcr.io/..",
  "-x.io",
])("%j is no registry", (name) => {
  expect(() => parseEndpoint(name)).toThrow(expect.objectContaining({ code: "cannot" }) as Error)
})
