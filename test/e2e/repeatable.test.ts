import { join } from "node:path"
import { expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import { openExample } from "../support/examples.ts"
import { program, type Sandbox } from "../support/sandbox.ts"

const host = makeHost(process.env)

/** Files on top of the environment, so that every kind of row that executes nothing is there, and one with bytecode. */
const files = "  science:\n"
const withFiles = `  notes:
    from: notebook
    files: [{from: images, to: /srv/notes/}]
    env: {GREETING: hello}

${files}    bytecode: all
`

/** Builds with a umask, and a clock that is so much ahead, and gives the digest of each row. */
async function buildWith(
  sandbox: Sandbox,
  { umask, ahead }: { readonly umask: string; readonly ahead?: string },
): Promise<Readonly<Record<string, string>>> {
  const clock = ahead === undefined ? [] : ["faketime", "-f", `+${ahead}`]
  const build = [...clock, program, "build", "notes", "science", "--json"]
  const { code, stdout, stderr } = await host.run({
    argv: ["sh", "-c", 'umask "$1"; shift; exec "$@"', "sh", umask, ...build],
    cwd: sandbox.folder,
    env: { ...sandbox.env, DONT_FAKE_MONOTONIC: "1" },
  })
  if (code !== 0) throw new Error(`build ended with ${code}: ${stderr}`)
  const { images }: { images: { image: string; digest: string; built: boolean }[] } = JSON.parse(stdout)
  expect(images.filter(({ built }) => !built)).toEqual([])
  return Object.fromEntries(images.map(({ image, digest }) => [image, digest]))
}

test("another folder, clock, time zone, locale, umask and file times give the same digests", async () => {
  await using one = await openExample(host, "quickstart", {
    replace: { [files]: withFiles },
    env: { TZ: "UTC", LC_ALL: "C", SOURCE_DATE_EPOCH: "0" },
  })
  const first = await buildWith(one, { umask: "022" })
  expect((await one.nbstacks("layers", "science")).stdout).toContain("(bytecode)")
  expect(Object.keys(first).toSorted()).toEqual(["base", "notebook", "notes", "science"])

  await using two = await openExample(host, "quickstart", {
    replace: { [files]: withFiles },
    env: { TZ: "Asia/Kolkata", LC_ALL: "C.UTF-8", LANGUAGE: "tr", SOURCE_DATE_EPOCH: "1700000000" },
  })
  const elsewhere = join(two.folder, "../else where")
  await host.files.makeDirectory(elsewhere)
  // The same lock; other times and modes of files, of which only the executable bit counts.
  await host.files.write(join(two.folder, "nbstacks.lock"), await host.files.read(join(one.folder, "nbstacks.lock")))
  const { code } = await host.run({
    argv: ["sh", "-c", "find . -type f -exec touch -d 2001-02-03 {} + -exec chmod 600 {} +"],
    cwd: two.folder,
  })
  expect(code).toBe(0)
  const env = { ...two.env, TMPDIR: elsewhere, NODE_COMPILE_CACHE: join(two.folder, "../compiled") }
  const second = await buildWith({ ...two, env }, { umask: "077", ahead: "36h" })
  expect(second).toEqual(first)
  expect(await host.files.list(elsewhere)).toEqual([])
})
