import { expect, test } from "vitest"
import type { Command, Finished } from "../../host/process.ts"
import type { FileStat } from "../../host/files.ts"
import { hostInterpreter, imageInterpreter } from "./interpreter.ts"
import { bytecodePath, cacheTag, magicOf } from "./magic.ts"

type Fake = { readonly tag?: string; readonly magic?: number; readonly flags?: string; readonly version: string }

const stat: FileStat = {
  kind: "file",
  size: 1,
  mode: 0o755,
  uid: 0,
  gid: 0,
  device: 0n,
  inode: 0n,
  mtime: 0n,
  ctime: 0n,
}

/** A machine with Pythons at some paths; a link names another path. */
function machine(pythons: Readonly<Record<string, Fake | string>>): {
  readonly host: Parameters<typeof hostInterpreter>[0]
  readonly asked: Command[]
} {
  const asked: Command[] = []
  const run = async (command: Command): Promise<Finished> => {
    asked.push(command)
    const path = command.argv.find((word) => pythons[word] !== undefined) ?? ""
    const found = pythons[path]
    const fake = typeof found === "string" ? pythons[found] : found
    if (fake === undefined || typeof fake === "string") return { code: 1, stdout: "", stderr: "no such version" }
    const { tag = "cpython-311", magic = 3495, flags = "", version } = fake
    return { code: 0, stdout: `${[tag, magic, path, flags, version].join("\n")}\n`, stderr: "" }
  }
  const files = {
    realPath: async (path: string) => {
      const found = pythons[path]
      if (found === undefined) throw new Error("ENOENT")
      return typeof found === "string" ? found : path
    },
    stat: async () => stat,
  } as unknown as Parameters<typeof hostInterpreter>[0]["files"]
  return {
    host: {
      run,
      files,
      sleep: never,
      env: { PATH: ".:/own:/usr/bin", PYTHONPATH: "/home/me", PYTHONHOME: "/x", A: "b" },
    },
    asked,
  }
}

const signal = new AbortController().signal
const never = (): Promise<void> => new Promise(() => undefined)
const asking = { signal, say: () => undefined }

async function chosen(pythons: Readonly<Record<string, Fake | string>>, python: string): Promise<unknown> {
  const found = await hostInterpreter(machine(pythons).host, python, asking)
  return found?.command([]).argv[0]
}

test("the very same version is preferred, else the first on PATH that writes the same bytecode", async () => {
  const both = { "/own/python3.11": { version: "3.11.7 (a)" }, "/usr/bin/python3.11": { version: "3.11.2 (b)" } }
  expect(await chosen(both, "3.11.2")).toBe("/usr/bin/python3.11")
  expect(await chosen(both, "3.11.9")).toBe("/own/python3.11")
  expect(await chosen(both, "3.11")).toBe("/own/python3.11")
  const plain = { "/own/python3": { tag: "cpython-312", magic: 3531, version: "3.12.1 (c)" }, ...both }
  expect(await chosen(plain, "3.12.1")).toBe("/own/python3")
})

test("no other magic number, tag or kind of build", async () => {
  expect(await chosen({ "/usr/bin/python3": { magic: 3494, version: "3.11.0a7" } }, "3.11.2")).toBeUndefined()
  expect(await chosen({ "/usr/bin/python3": { tag: "pypy311", version: "3.11.9" } }, "3.11.2")).toBeUndefined()
  expect(await chosen({ "/usr/bin/python3.11": { flags: "d", version: "3.11.2" } }, "3.11.2")).toBeUndefined()
  expect(await chosen({}, "3.11.2")).toBeUndefined()
  const next = { "/usr/bin/python3.19": { tag: "cpython-319", magic: 4000, version: "3.19.0" } }
  expect(await chosen(next, "3.19.0")).toBeUndefined()
})

test("it has nothing of the user's in its environment, and each program is asked once however it is linked", async () => {
  const { host, asked } = machine({
    "/usr/bin/python3.11": { version: "3.11.7 (b)" },
    "/usr/bin/python3": "/usr/bin/python3.11",
    "/own/python3": "/usr/bin/python3.11",
  })
  const found = await hostInterpreter(host, "3.11.2", asking)
  expect(found?.command(["-c", "x"])).toEqual({
    argv: ["/usr/bin/python3.11", "-s", "-S", "-B", "-X", "utf8", "-W", "ignore", "-c", "x"],
    env: { PYTHONHASHSEED: "0" },
  })
  expect(found?.build).toBe("cpython-311 3495 3.11.7 (b)")
  expect(asked.map(({ env }) => env)).toEqual([{ PATH: ".:/own:/usr/bin", A: "b" }, { PYTHONHASHSEED: "0" }])
})

test("an image's own needs no known number, but has to be the version that is wanted", async () => {
  const python = "/opt/env/bin/python"
  const { host } = machine({ [python]: { tag: "cpython-319", magic: 4000, version: "3.19.0 (a)" } })
  const image = {
    inside: (argv: readonly [string, ...string[]]) => ({ argv: ["enter", ...argv] as [string, ...string[]] }),
    executable: python,
  }
  const found = await imageInterpreter(host, { ...image, python: "3.19.0" }, signal)
  expect(found?.build).toBe("cpython-319 4000 3.19.0 (a)")
  expect(found?.command([]).argv.slice(0, 5)).toEqual(["enter", "/usr/bin/env", "-i", "PYTHONHASHSEED=0", python])
  expect(await imageInterpreter(host, { ...image, python: "3.18.1" }, signal)).toBeUndefined()
})

test("names and numbers of versions", () => {
  expect([magicOf("3.11.2"), magicOf("3.8"), magicOf("3.99")]).toEqual([3495, 3413, undefined])
  expect(cacheTag("3.11.2")).toBe("cpython-311")
  expect(bytecodePath("lib/a/b.py", "3.9")).toBe("lib/a/__pycache__/b.cpython-39.pyc")
  expect(bytecodePath("c.py", "3.14")).toBe("__pycache__/c.cpython-314.pyc")
})

test("a program that says nothing is named, and left out for the next", async () => {
  const { host } = machine({
    "/own/python3.11": { version: "3.11.1" },
    "/usr/bin/python3.11": { version: "3.11.2 (b)" },
  })
  const said: string[] = []
  const hanging: typeof host = {
    ...host,
    run: (command) =>
      command.argv[0] === "/own/python3.11"
        ? new Promise((_, reject) => command.signal?.addEventListener("abort", () => reject(new Error("ended"))))
        : host.run(command),
    // Time passes at once while the first is asked.
    sleep: async (_, over) => (said.length < 2 && over?.aborted === false ? undefined : await never()),
  }
  const found = await hostInterpreter(hanging, "3.11.2", { signal, say: (sentence) => void said.push(sentence) })
  expect(found?.command([]).argv[0]).toBe("/usr/bin/python3.11")
  expect(said).toEqual([
    "Waiting for /own/python3.11 to say which Python it is …",
    "/own/python3.11 did not answer within 10 s, and is left out",
  ])
})
