import { expect, test } from "vitest"
import { parseEndpoint } from "./endpoint.ts"
import { checkedLocation } from "./redirect.ts"

const secure = parseEndpoint("registry.example")
const plain = parseEndpoint("127.0.0.1:5000")

test.each([
  [secure, "/v2/a/blobs/uploads/1?state=x", "https://registry.example/v2/a/blobs/uploads/1?state=x"],
  [secure, "https://storage.example/blob?signature=x", "https://storage.example/blob?signature=x"],
  [secure, "//storage.example/blob", "https://storage.example/blob"],
  [plain, "/v2/x", "http://127.0.0.1:5000/v2/x"],
  [plain, "http://127.0.0.1:9000/blob", "http://127.0.0.1:9000/blob"],
  [plain, "https://storage.example/blob", "https://storage.example/blob"],
  [plain, "http://127.0.0.2/blob", "http://127.0.0.2/blob"],
  [parseEndpoint("localhost:5000"), "http://127.0.0.1:5001/token", "http://127.0.0.1:5001/token"],
  [parseEndpoint("registry.lan"), "https://gitlab.lan/jwt/auth", "https://gitlab.lan/jwt/auth"],
  [parseEndpoint("harbor.corp.internal"), "https://minio.corp.internal/x", "https://minio.corp.internal/x"],
  [parseEndpoint("10.0.0.5:5000"), "https://10.0.0.6/token", "https://10.0.0.6/token"],
])("%o may send us to %s", (endpoint, location, expected) => {
  expect(checkedLocation(endpoint, location, endpoint.origin).href).toBe(expected)
})

test.each([
  [secure, "http://registry.example/v2/x"],
  [secure, "http://storage.example/blob"],
  [secure, "https://127.0.0.1/blob"],
  [secure, "https://169.254.169.254/latest/meta-data"],
  [secure, "https://intranet/blob"],
  [secure, "https://user@storage.example/blob"],
  [secure, "data:text/plain,x"],
  [secure, "https://"],
  [plain, "http://storage.example/blob"],
  [plain, "https://10.0.0.6/token"],
  [parseEndpoint("registry.lan"), "http://gitlab.lan/jwt/auth"],
  [parseEndpoint("registry.lan"), "https://127.0.0.1/token"],
  [parseEndpoint("10.0.0.5:5000"), "https://169.254.169.254/latest/meta-data"],
  [parseEndpoint("10.0.0.5:5000"), "https://[fe80::1]/x"],
])("%o may not send us to %s", (endpoint, location) => {
  expect(() => checkedLocation(endpoint, location, endpoint.origin)).toThrow(
    expect.objectContaining({ code: "cannot" }) as Error,
  )
})
