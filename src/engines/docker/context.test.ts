import { join } from "node:path"
import { expect, test } from "vitest"
import { makeHost } from "../../host/node/host.ts"
import { digestOf } from "../../oci/digest.ts"
import type { FileEntry } from "../../tree/step.ts"
import { layContext } from "./context.ts"
import { certificatesOf, writeSecrets } from "./secrets.ts"

const host = makeHost(process.env)
const text = "text\n"
const sha256 = digestOf(text).slice("sha256:".length)
const year1980 = 315_532_800n * 1_000_000_000n

async function lay(entries: readonly FileEntry[], folder: string): Promise<void> {
  const open = async function* (): AsyncIterable<Uint8Array> {
    yield Buffer.from(text)
  }
  await layContext({ folder, entries, open, signal: new AbortController().signal }, host)
}

async function temporary<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await host.files.makeTemporary("nbstacks-context-test-")
  try {
    return await work(folder)
  } finally {
    await host.files.remove(folder)
  }
}

test("files, links and empty folders have the same modes and times under any umask", async () => {
  await temporary(async (folder) => {
    const before = process.umask(0o077)
    try {
      await lay(
        [
          { path: "a b/run.sh", executable: true, sha256 },
          { path: "empty", executable: false },
          { path: "link", executable: false, link: "../outside" },
          { path: "plain", executable: false, sha256 },
        ],
        folder,
      )
    } finally {
      process.umask(before)
    }
    const facts = async (path: string): Promise<unknown> => {
      const stat = await host.files.stat(join(folder, path))
      return [stat?.kind, stat?.kind === "link" ? "" : stat?.mode.toString(8), stat?.mtime === year1980]
    }
    expect(await facts("a b")).toEqual(["directory", "755", true])
    expect(await facts("a b/run.sh")).toEqual(["file", "755", true])
    expect(await facts("empty")).toEqual(["directory", "755", true])
    expect(await facts("link")).toEqual(["link", "", true])
    expect(await facts("plain")).toEqual(["file", "644", true])
    expect(await host.files.readLink(join(folder, "link"))).toBe("../outside")
    expect(await host.files.readText(join(folder, "plain"))).toBe(text)
  })
})

test.each<[string, readonly FileEntry[]]>([
  ["above", [{ path: "../x", executable: false, sha256 }]],
  ["absolute", [{ path: "/x", executable: false, sha256 }]],
  ["not normal", [{ path: "a/../../x", executable: false, sha256 }]],
  [
    "twice",
    [
      { path: "x", executable: false, sha256 },
      { path: "x", executable: true, sha256 },
    ],
  ],
  [
    "through a link",
    [
      { path: "x", executable: false, link: "/etc" },
      { path: "x/passwd", executable: false, sha256 },
    ],
  ],
])("a path that is %s is refused", async (_name, entries) => {
  await temporary(async (folder) => {
    await expect(lay(entries, folder)).rejects.toMatchObject({ code: "cannot" })
    expect(await host.files.list(folder)).toEqual([])
  })
})

test("secrets are files of this user alone while they are needed, and hidden from lines", async () => {
  await temporary(async (folder) => {
    const own = makeHost({ ...process.env, XDG_RUNTIME_DIR: folder, SSL_CERT_FILE: join(folder, "none") })
    const paths: string[] = []
    {
      await using secrets = await writeSecrets(
        { ids: ["one"], read: async () => Buffer.from("first line\nab\nsecond line\n"), wantsCertificates: false },
        own,
      )
      paths.push(...secrets.files.map(({ path }) => path))
      expect(secrets.files).toEqual([{ id: "one", path: expect.stringContaining(folder) }])
      expect((await host.files.stat(paths[0] ?? ""))?.mode).toBe(0o600)
      expect(secrets.hide("ab first line, then second line")).toBe("ab ***, then ***")
    }
    expect(await host.files.list(folder)).toEqual([])
    await expect(
      writeSecrets({ ids: ["a,b"], read: async () => Buffer.from("x"), wantsCertificates: false }, own),
    ).rejects.toMatchObject({ code: "cannot" })
    expect(await host.files.list(folder)).toEqual([])
  })
})

test("the host's certificates are those that its environment names", async () => {
  await temporary(async (folder) => {
    const path = join(folder, "bundle.pem")
    await host.files.write(path, "pem")
    expect(await certificatesOf(makeHost({ SSL_CERT_FILE: join(folder, "gone"), REQUESTS_CA_BUNDLE: path }))).toBe(path)
  })
})
