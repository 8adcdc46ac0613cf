import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { expect, test } from "vitest"
import { loginFor } from "./get.ts"
import { parseNetrc } from "./netrc.ts"
import { parseHtmlPage } from "./page-html.ts"
import { parseJsonPage } from "./page-json.ts"
import { parsePipConfigList, pipDefaultIndex, readPipSettings } from "./pip-settings.ts"
import { readIndexSettings, requirePlace } from "./settings.ts"
import type { Host } from "../../host/host.ts"

type SettingsHost = Parameters<typeof readIndexSettings>[0]

/** A machine whose pip prints this, or that has none. */
function machine(
  pip: Readonly<Record<string, string>> | undefined,
  env: Host["env"] = {},
  files: Readonly<Record<string, string>> = {},
): SettingsHost {
  const run: Host["run"] = ({ argv }) => {
    const stdout = pip?.[argv.at(-1) ?? ""]
    if (stdout === undefined) return Promise.reject(Object.assign(new Error("spawn ENOENT"), { code: "ENOENT" }))
    return Promise.resolve({ code: 0, stdout, stderr: "" })
  }
  const readText = (path: string): Promise<string> => {
    const text = files[path]
    return text === undefined ? Promise.reject(new Error(`ENOENT ${path}`)) : Promise.resolve(text)
  }
  return { run, env, files: { readText }, machine: { home: "/home/me" } } as unknown as SettingsHost
}

const signal = new AbortController().signal

test("pip's list: the environment before a command's section before the global one", () => {
  const list = [
    ":env:.index-url='https://env.example/simple'",
    "global.extra-index-url='\\nhttps://a.example/simple\\nhttps://b.example/simple'",
    "global.index-url='https://global.example/simple'",
    "install.index-url='https://install.example/simple'",
    "download.index-url='https://not.example/simple'",
    ":env:.default-timeout='180'",
  ].join("\n")
  expect(Object.fromEntries(parsePipConfigList(list))).toEqual({
    "index-url": "https://env.example/simple",
    "extra-index-url": "\nhttps://a.example/simple\nhttps://b.example/simple",
    timeout: "180",
  })
})

test("pip's default index is what its help says, so that no host stands in the code", async () => {
  const help =
    "  -i, --index-url <url>       Base URL of the Python Package Index (default https://index.example/simple). This\n"
  expect(await pipDefaultIndex(machine({ "--help": help }), signal)).toBe("https://index.example/simple")
  expect(await pipDefaultIndex(machine(undefined), signal)).toBeUndefined()
})

test("without a pip its files are read, and PIP_ variables", async () => {
  const files = {
    "/etc/pip.conf":
      "[global]\nindex-url = https://etc.example/simple\nextra-index-url =\n    https://x.example/simple\n    https://y.example/simple\n",
    "/home/me/.config/pip/pip.conf": "[install]\nindex_url: https://user.example/simple # not a comment\n",
  }
  const settings = await readPipSettings(machine(undefined, { PIP_CERT: "/ca.pem" }, files), signal)
  expect(Object.fromEntries(settings)).toEqual({
    "index-url": "https://user.example/simple # not a comment",
    "extra-index-url": "\nhttps://x.example/simple\nhttps://y.example/simple",
    cert: "/ca.pem",
  })
})

test("indexes of pip and uv together; logins are taken out of URLs", async () => {
  const host = machine(
    {
      list: "global.index-url='https://me:p%40ss@one.example/simple/'\nglobal.trusted-host='two.example'\nglobal.find-links='/opt/wheels'",
    },
    {
      UV_INDEX: "corp=https://three.example/simple",
      UV_INDEX_CORP_USERNAME: "u",
      UV_INDEX_CORP_PASSWORD: "p",
      UV_EXTRA_INDEX_URL: "https://two.example:8443/simple",
    },
    { "/home/me/.netrc": "machine four.example login n password s" },
  )
  const settings = await readIndexSettings(host, signal)
  expect(settings.indexes).toEqual([
    "https://three.example/simple",
    "https://one.example/simple",
    "https://two.example:8443/simple",
  ])
  expect(settings.findLinks).toEqual(["file:///opt/wheels"])
  const login = (url: string): string | undefined => loginFor(new URL(url), settings)?.password
  expect(login("https://one.example/x")).toBe("p@ss")
  expect(login("http://one.example/x")).toBeUndefined()
  expect(login("https://one.example:444/x")).toBeUndefined()
  expect(login("https://three.example/x")).toBe("p")
  expect(login("https://four.example/x")).toBe("s")
  expect(login("https://five.example/x")).toBeUndefined()
})

test("nothing configured and no pip, a URL that is none, certificates that are not there: each says what to do", async () => {
  const none = await readIndexSettings(machine(undefined), signal)
  expect(() => requirePlace(none)).toThrow(/No package index/)
  const bad = machine({ list: "global.index-url='https://u:secret@ x'" })
  await expect(readIndexSettings(bad, signal)).rejects.toThrow("`https://")
  await expect(readIndexSettings(bad, signal)).rejects.not.toThrow("secret")
  const cert = machine({ list: "global.index-url='https://a.example'\nglobal.cert='/none.pem'" })
  await expect(readIndexSettings(cert, signal)).rejects.toThrow("/none.pem")
})

test("a folder of wheels may be written as from where one is, or from home", async () => {
  const host = machine({ list: "global.find-links='wheels ~/more https://a.example/page'\nglobal.no-index='1'" })
  const { findLinks } = await readIndexSettings(host, signal)
  expect(findLinks).toEqual([pathToFileURL(resolve("wheels")).href, "file:///home/me/more", "https://a.example/page"])
})

test("netrc: quotes, comments, macros, default", () => {
  const logins = parseNetrc(
    '# a comment\nmachine a.example\n  login me password "p w"\nmacdef init\nmachine no\n\ndefault login x password y\n',
  )
  expect([...logins]).toEqual([
    ["a.example", { user: "me", password: "p w" }],
    ["", { user: "x", password: "y" }],
  ])
})

test("pages in HTML: base, entities, fragments, other schemes left out, logins dropped", () => {
  const hash = "a".repeat(64)
  const page = `<!DOCTYPE html><html><head><base href="../../files/"></head><body>
    <A HREF="demo-1.0-py3-none-any.whl#sha256=${hash}" data-requires-python="&gt;=3.8" data-yanked="">demo</A>
    <a href="https://me:pw@other.example/x%2B1.whl#egg=y">x</a><a href="javascript:alert(1)">no</a><a href="file:///etc/passwd">no</a><a>no</a>`
  expect(parseHtmlPage(page, "https://index.example/simple/demo/")).toEqual([
    {
      filename: "demo-1.0-py3-none-any.whl",
      url: "https://index.example/files/demo-1.0-py3-none-any.whl",
      sha256: hash,
      requiresPython: ">=3.8",
    },
    { filename: "x+1.whl", url: "https://other.example/x%2B1.whl", sha256: undefined, requiresPython: undefined },
  ])
})

test("pages in JSON, and what is none", () => {
  const hash = "b".repeat(64)
  const file = {
    filename: "demo-1.0.whl",
    url: "../../f/demo-1.0.whl",
    hashes: { sha256: hash },
    "requires-python": null,
  }
  const page = JSON.stringify({ meta: { "api-version": "1.1" }, name: "demo", files: [file] })
  expect(parseJsonPage(page, "https://i.example/simple/demo/")).toEqual([
    { filename: "demo-1.0.whl", url: "https://i.example/f/demo-1.0.whl", sha256: hash, requiresPython: undefined },
  ])
  for (const bad of ["<html>", "{}", page.replace("1.1", "2.0"), page.replace("demo-1.0.whl", "../../etc/x")]) {
    expect(() => parseJsonPage(bad, "https://i.example/")).toThrow("PEP 691")
  }
})
