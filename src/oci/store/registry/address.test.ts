import { expect, test } from "vitest"
import { isLoopback, isPrivate } from "./address.ts"

const hostname = (host: string): string => new URL(`https://${host}`).hostname

test.each(["localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "[::1]", "0x7f.1", "2130706433"])(
  "%s is this machine",
  (host) => {
    expect(isLoopback(hostname(host))).toBe(true)
    expect(isPrivate(hostname(host))).toBe(true)
  },
)

test.each([
  "10.0.0.1",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.0.1",
  "169.254.169.254",
  "100.64.0.1",
  "0.0.0.0",
  "224.0.0.1",
  "198.18.0.1",
  "192.0.0.8",
  "255.255.255.255",
  "[::]",
  "[fe80::1]",
  "[fd00::1]",
  "[ff02::1]",
  "[::ffff:10.0.0.1]",
  "[::ffff:7f00:1]",
  "[64:ff9b::a00:1]",
  "[::127.0.0.1]",
  "registry",
  "registry.local",
  "nas.lan",
  "x.home.arpa",
  "metadata.google.internal",
  "localhost.",
  "registry.",
])("%s cannot be reached by others", (host) => {
  expect(isPrivate(hostname(host))).toBe(true)
})

test.each([
  "ghcr.io",
  "8.8.8.8",
  "172.32.0.1",
  "172.15.0.1",
  "100.128.0.1",
  "192.169.0.1",
  "[2606:4700::1111]",
  "[::ffff:8.8.8.8]",
  "[64:ff9b::808:808]",
  "internal.example",
  "example.com.",
])("%s is public", (host) => {
  expect(isPrivate(hostname(host))).toBe(false)
  expect(isLoopback(hostname(host))).toBe(false)
})
