import { expect, test } from "vitest"
import {
  keyringsOf,
  parseDeb822,
  parseOneLine,
  renderSources,
  sourcesOf,
  withoutCredentials,
  type AptSource,
} from "./sources.ts"

const deb822 = `# A comment
Types: deb deb-src
URIs: http://mirror.example/debian
# another
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/a.gpg

Types: deb-src
URIs: http://mirror.example/debian
Suites: bookworm
Components: main

Enabled: no
Types: deb
URIs: http://off.example
Suites: bookworm
Components: main

Types: deb
URIs: https://user:pass@private.example/debian
Suites: bookworm-security trixie
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEYCQjIxYJ
`

test("deb822 stanzas: comments, disabled ones, source packages and keys in place", () => {
  const sources = parseDeb822(deb822)
  expect(sources).toEqual([
    {
      uris: ["http://mirror.example/debian"],
      suites: ["bookworm", "bookworm-updates"],
      components: ["main", "contrib"],
      options: { "Signed-By": "/usr/share/keyrings/a.gpg" },
    },
    {
      uris: ["https://user:pass@private.example/debian"],
      suites: ["bookworm-security", "trixie"],
      components: ["main"],
      options: { "Signed-By": "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDMEYCQjIxYJ" },
    },
  ])
  expect(parseDeb822(renderSources(sources))).toEqual(sources)
  expect(keyringsOf(sources)).toEqual(["/usr/share/keyrings/a.gpg"])
  expect(renderSources(withoutCredentials(sources))).toContain("URIs: https://private.example/debian\n")
})

test("one-line entries: options, comments, source packages", () => {
  const text = [
    "deb http://a.example/debian bookworm main # a comment",
    "# deb http://b.example/debian bookworm main",
    "deb-src http://a.example/debian bookworm main",
    "  deb [ arch=amd64,arm64 signed-by=/k.gpg trusted=yes unknown=x ] http://c.example bookworm/updates main  contrib",
  ].join("\n")
  expect(parseOneLine(text)).toEqual([
    { uris: ["http://a.example/debian"], suites: ["bookworm"], components: ["main"], options: {} },
    {
      uris: ["http://c.example"],
      suites: ["bookworm/updates"],
      components: ["main", "contrib"],
      options: { Architectures: "amd64 arm64", "Signed-By": "/k.gpg", Trusted: "yes" },
    },
  ])
})

test("a suite's sources are its own and those that go with it, on its architecture", () => {
  const source = (suites: readonly string[], options: AptSource["options"] = {}): AptSource => ({
    uris: ["http://a.example"],
    suites,
    components: ["main"],
    options,
  })
  const sources = [
    source(["bookworm", "trixie"]),
    source(["bookworm-security"]),
    source(["bookworm/updates"]),
    source(["bookworms"]),
    source(["cloud-sdk-bookworm"]),
    source(["bookworm"], { Architectures: "arm64" }),
  ]
  expect(sourcesOf(sources, "bookworm", "amd64").map(({ suites }) => suites)).toEqual([
    ["bookworm"],
    ["bookworm-security"],
    ["bookworm/updates"],
  ])
})
