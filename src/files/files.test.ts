import { dirname, join } from "node:path"
import { describe, expect, it } from "vitest"
import type { Files } from "../host/files.ts"
import { makeHost } from "../host/node/host.ts"
import { cacheFolder } from "./cache-folder.ts"
import { removable, type CacheFile } from "./cache-usage.ts"
import { viewFolder, type FolderView } from "./folder-view.ts"
import { expandGlob, pathBelow } from "./glob.ts"
import { openHashCache } from "./hash-cache.ts"
import { hashFiles } from "./hash-files.ts"
import { everything, walk } from "./walk.ts"

const real = makeHost(process.env)

/** A folder with files, a cache of its own, a clock that runs ahead, and a count of what is read. */
async function makeFolder(content: Readonly<Record<string, string>>) {
  const root = await real.files.makeTemporary("nbstacks-files-")
  const folder = join(root, "tree")
  await real.files.makeDirectory(folder)
  for (const path of new Set(Object.keys(content).map((one) => dirname(one))))
    await real.files.makeDirectory(join(folder, path))
  // Not `write`, which waits for the disk.
  for (const [path, text] of Object.entries(content)) await real.files.append(join(folder, path), text)
  const reads: string[] = []
  const files: Files = {
    ...real.files,
    read: (path) => (reads.push(path), real.files.read(path)),
    stream: (path, range) => (reads.push(path), real.files.stream(path, range)),
  }
  let ahead = 10_000
  const host = { ...real, files, env: { NBSTACKS_CACHE: join(root, "cache") }, now: () => new Date(Date.now() + ahead) }
  return {
    folder,
    reads,
    host,
    setAhead: (milliseconds: number) => (ahead = milliseconds),
    cacheFile: async () => {
      const [one] = (await real.files.list(join(root, "cache", "hashes"))) ?? []
      return join(root, "cache", "hashes", one?.name ?? "none")
    },
    /** One run of a command: opens the cache, hashes everything, saves. */
    run: async () => {
      reads.length = 0
      const cache = await openHashCache(folder, host)
      const view = viewFolder(folder, host, cache)
      const entries = await hashFiles(view, await walk(view, "", everything))
      await cache.save()
      return entries
    },
    view: async (): Promise<FolderView> => viewFolder(folder, host, await openHashCache(folder, host)),
    [Symbol.asyncDispose]: () => real.files.remove(root),
  }
}

const shaOf = (text: string): Promise<string> =>
  crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)).then((bytes) => Buffer.from(bytes).toString("hex"))

describe("hashing", () => {
  it("reads 5,000 files once and then not again", async () => {
    const names = Array.from({ length: 5000 }, (_, index) => `d${index % 50}/f${index}`)
    await using tree = await makeFolder(Object.fromEntries(names.map((name) => [name, name])))
    const first = await tree.run()
    expect(tree.reads.length).toBe(5000)
    const second = await tree.run()
    expect(tree.reads).toEqual([])
    expect(second).toEqual(first)
    await tree.host.files.write(join(tree.folder, "d7/f7"), "other")
    const third = await tree.run()
    expect(tree.reads).toEqual([join(tree.folder, "d7/f7")])
    expect(third.find(({ path }) => path === "d7/f7")?.sha256).toBe(await shaOf("other"))
  })

  it("does not trust what changed within two seconds of being hashed", async () => {
    await using tree = await makeFolder({ a: "1" })
    tree.setAhead(0)
    await tree.run()
    await tree.run()
    expect(tree.reads.length).toBe(1)
    tree.setAhead(2500)
    await tree.run()
    await tree.run()
    expect(tree.reads).toEqual([])
  })

  it("takes a damaged cache for none", async () => {
    await using tree = await makeFolder({ a: "1", b: "2" })
    const before = await tree.run()
    const file = await tree.cacheFile()
    const good = await real.files.readText(file)
    const wrong = good.replace(await shaOf("1"), await shaOf("x"))
    expect(wrong).not.toBe(good)
    for (const bad of ["", "rubbish", wrong, good.slice(0, -3), `${good}more\n`]) {
      await real.files.write(file, bad)
      expect(await tree.run()).toEqual(before)
      expect(tree.reads.length).toBe(2)
      expect(await real.files.readText(file)).toBe(good)
    }
  })

  it("is safe for several runs at once", async () => {
    await using tree = await makeFolder({ a: "1", b: "2", c: "3" })
    const all = await Promise.all([tree.run(), tree.run(), tree.run(), tree.run()])
    expect(new Set(all.map((entries) => JSON.stringify(entries))).size).toBe(1)
    await tree.run()
    expect(tree.reads).toEqual([])
  })

  it("keeps links by target, the executable bit of modes, and empty folders", async () => {
    await using tree = await makeFolder({ "run.sh": "", "a/b": "x" })
    await real.files.setMode(join(tree.folder, "run.sh"), 0o751)
    await real.files.setMode(join(tree.folder, "a/b"), 0o600)
    await real.files.symlink("../outside", join(tree.folder, "a/link"))
    await real.files.makeDirectory(join(tree.folder, "empty/inner"))
    expect(await tree.run()).toEqual([
      { path: "a/b", executable: false, sha256: await shaOf("x") },
      { path: "a/link", executable: false, link: "../outside" },
      { path: "empty/inner", executable: false },
      { path: "run.sh", executable: true, sha256: await shaOf("") },
    ])
  })

  it("refuses a pipe", async () => {
    await using tree = await makeFolder({ a: "1" })
    await real.run({ argv: ["mkfifo", join(tree.folder, "pipe")] })
    await expect(tree.run()).rejects.toThrow("pipe is neither a file, a folder nor a link")
  })
})

describe("links to files", () => {
  it("are known by what they lead to, and may not leave the folder", async () => {
    await using tree = await makeFolder({ "real/f": "1", "../outside": "secret" })
    await real.files.symlink("real/f", join(tree.folder, "link"))
    await real.files.symlink("../outside", join(tree.folder, "out"))
    await real.files.symlink("circle", join(tree.folder, "circle"))
    const once = async () => {
      const cache = await openHashCache(tree.folder, tree.host)
      const hash = await viewFolder(tree.folder, tree.host, cache).hash("link")
      await cache.save()
      return hash
    }
    expect(await once()).toBe(await shaOf("1"))
    await real.files.write(join(tree.folder, "real/f"), "2")
    expect(await once()).toBe(await shaOf("2"))
    const view = await tree.view()
    expect(await view.text("link")).toBe("2")
    await expect(view.text("out")).rejects.toThrow("out is a link that leaves the folder")
    await expect(view.hash("out")).rejects.toThrow("out is a link that leaves the folder")
    await expect(view.text("circle")).rejects.toThrow("circle is a link that leads in a circle")
    await expect(view.text("real")).rejects.toThrow("real is no file")
  })
})

describe("globs", () => {
  it("expands level by level and deep", async () => {
    await using tree = await makeFolder({
      "c/phys/x.txt": "",
      "c/math/x.txt": "",
      "c/.hidden/x.txt": "",
      "c/README": "",
      "d/e/f.ipynb": "",
    })
    const view = await tree.view()
    const paths = async (pattern: string) =>
      (await expandGlob(view, pattern)).map(({ path, kind }) => `${path} ${kind}`)
    expect(await paths("c/*")).toEqual(["c/README file", "c/math directory", "c/phys directory"])
    expect(await paths("./c/*/x.txt")).toEqual(["c/math/x.txt file", "c/phys/x.txt file"])
    expect(await paths("**/*.ipynb")).toEqual(["d/e/f.ipynb file"])
    expect(await paths("c/{math,phys}")).toEqual(["c/math directory", "c/phys directory"])
    expect(await paths("nothing")).toEqual([])
    await expect(paths("../*")).rejects.toThrow("leaves the folder")
  })

  it("knows what is below a folder", () => {
    expect(["a/./b//c/", ".", "a/../b", "../a", "/a", "a/../../b", "a\0"].map(pathBelow)).toEqual([
      "a/b/c",
      "",
      "b",
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })
})

it("finds the cache folder", () => {
  const at = (env: Record<string, string>): string => cacheFolder({ env, machine: { ...real.machine, home: "/h" } })
  expect(at({ NBSTACKS_CACHE: "/c", XDG_CACHE_HOME: "/x" })).toBe("/c")
  expect(at({ XDG_CACHE_HOME: "/x" })).toBe("/x/nbstacks")
  expect(at({ XDG_CACHE_HOME: "x" })).toBe("/h/.cache/nbstacks")
})

it("what another process may be writing is left alone, until nobody can be writing it any more", () => {
  const now = new Date("2026-01-02T00:00:00Z")
  const file = (path: string, minutes: number): CacheFile => ({
    kind: "wheels",
    path,
    size: 1,
    used: now.getTime() - minutes * 60_000,
  })
  const found = [file("a.whl", 1), file(".b.part", 1), file("c.json.0f.tmp", 59), file(".d.part.1a.tmp", 61)]
  expect(removable(found, now).map(({ path }) => path)).toEqual(["a.whl", ".d.part.1a.tmp"])
})
