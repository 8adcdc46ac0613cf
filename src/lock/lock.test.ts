import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { makeHost } from "../host/node/host.ts"
import type { Digest } from "../oci/digest.ts"
import type { Platform } from "../oci/platform.ts"
import { askOutside, withHost, type Outside } from "./ask.ts"
import { emptyLock, type Lock } from "./lock.ts"
import { movedBetween } from "./moved.ts"
import type { LockNeeds } from "./needs.ts"
import { parseLock, readLock } from "./read-lock.ts"
import { missingFrom, questionsFor, updateLock } from "./update.ts"
import { printLock, writeLock } from "./write-lock.ts"

const host = makeHost(process.env)
const digest = (digit: string): Digest => `sha256:${digit.repeat(64)}`
const both: readonly Platform[] = ["linux/amd64", "linux/arm64"]

const lock: Lock = {
  version: 1,
  images: { "ubuntu:24.04": { "linux/amd64": digest("a"), "linux/arm64": digest("b") } },
  urls: { "https://h.example/x?y=1#z": "0".repeat(64) },
  debian: { base: { "linux/amd64": { tini: "0.19.0-1", "libstdc++6": "12.2.0-14+deb12u1", git: "1:2.39.5-0" } } },
  refresh: { "scipy-ml:2021.3-gpu": "2026-11-21" },
}

const needs: LockNeeds = {
  images: new Map([["ubuntu:24.04", both]]),
  urls: ["https://h.example/x?y=1#z"],
  debian: new Map([["base", { suite: "bookworm", packages: ["git", "tini"], platforms: ["linux/amd64"] }]]),
  unlocked: ["scipy-ml:2021.3-gpu"],
}

const nothing = { images: {}, urls: {}, debian: {} }

describe("the file", () => {
  it("is sorted and reads back", () => {
    expect(printLock(lock)).toMatchInlineSnapshot(`
      "# Written by \`nbstacks lock\`. Commit it; do not edit it.
      version: 1
      images:
        ubuntu:24.04:
          linux/amd64: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
          linux/arm64: sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
      urls:
        "https://h.example/x?y=1#z": "0000000000000000000000000000000000000000000000000000000000000000"
      debian:
        base:
          linux/amd64:
            git: "1:2.39.5-0"
            libstdc++6: "12.2.0-14+deb12u1"
            tini: "0.19.0-1"
      refresh:
        scipy-ml:2021.3-gpu: "2026-11-21"
      "
    `)
    expect(parseLock(printLock(lock))).toEqual({ lock })
    expect(parseLock(printLock(emptyLock))).toEqual({ lock: emptyLock })
  })

  it("reads back whatever is in it, in any order to the same bytes", () => {
    const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9:._/@ #'"\\{}-]{0,12}$/)
    const version = fc.stringMatching(/^[0-9][A-Za-z0-9.+~:-]{0,8}$/)
    const packages = fc.dictionary(fc.stringMatching(/^[a-z0-9][a-z0-9+.-]{0,6}$/), version, { noNullPrototype: true })
    const locks = fc.record({
      version: fc.constant(1 as const),
      images: fc.dictionary(name, fc.constant({ "linux/amd64": digest("c") }), { noNullPrototype: true }),
      urls: fc.dictionary(name, fc.constant("e".repeat(64)), { noNullPrototype: true }),
      debian: fc.dictionary(
        name,
        packages.map((one) => ({ "linux/amd64": one })),
        { noNullPrototype: true },
      ),
      refresh: fc.dictionary(name, fc.stringMatching(/^[\w.:+-]{1,10}$/), { noNullPrototype: true }),
    })
    fc.assert(
      fc.property(locks, (one) => {
        const text = printLock(one)
        expect(parseLock(text)).toEqual({ lock: one })
        const turned = Object.fromEntries(
          Object.entries(one).map(([part, value]) => [
            part,
            typeof value === "number" ? value : Object.fromEntries(Object.entries(value).toReversed()),
          ]),
        )
        expect(printLock(turned as unknown as Lock)).toBe(text)
      }),
    )
  })

  it.each([
    ["version: 1000\n", "nbstacks.lock:1:10 this lock was written by another version of nbstacks"],
    ["images: {}\n", "nbstacks.lock:1:1 this lock was written by another version of nbstacks"],
    [
      "version: 1\nimages:\n  x:\n    linux/amd64: sha256:1\n",
      "nbstacks.lock:4:18 `images → x → linux/amd64`: not a sha256 or sha512 digest",
    ],
    ["version: 1\nurls:\n  x: y\n", "nbstacks.lock:3:6 `urls → x`: not a sha256 hash"],
    ["version: 1\nmore: 1\n", 'nbstacks.lock:1:1 `nbstacks.lock`: Unrecognized key: "more"'],
    ["version: 1\nurls: {}\nurls: {}\n", "nbstacks.lock:3:1 this is not YAML: Map keys must be unique"],
    [
      "version: 1\n<<<<<<< HEAD\nurls: {}\n",
      "nbstacks.lock:2:1 this is not YAML: Implicit keys need to be on a single line",
    ],
  ])("refuses %j", (text, expected) => {
    const read = parseLock(text)
    expect(
      "problems" in read && read.problems.map(({ at, message }) => `${at.file}:${at.line}:${at.column} ${message}`),
    ).toContain(expected)
  })

  it("is written once, and read with its problems", async () => {
    const folder = await host.files.makeTemporary("nbstacks-lock-")
    await using _ = { [Symbol.asyncDispose]: () => host.files.remove(folder) }
    expect(await readLock(folder, host)).toEqual(emptyLock)
    expect(await writeLock(folder, lock, host)).toBe(true)
    expect(await writeLock(folder, lock, host)).toBe(false)
    expect(await readLock(folder, host)).toEqual(lock)
    await host.files.write(`${folder}/nbstacks.lock`, "version: 7")
    await expect(readLock(folder, host)).rejects.toThrow("nbstacks.lock has a problem")
  })
})

describe("keeping it up to date", () => {
  it("asks only for what is missing, or for everything", () => {
    expect(questionsFor(needs, lock, { upgrade: false })).toEqual({ images: [], urls: [], debian: [] })
    const all = questionsFor(needs, lock, { upgrade: true })
    expect(all).toEqual({
      images: [{ reference: "ubuntu:24.04", platforms: both }],
      urls: ["https://h.example/x?y=1#z"],
      debian: [{ row: "base", platform: "linux/amd64", suite: "bookworm", packages: ["git", "tini"] }],
    })
    expect(questionsFor(needs, emptyLock, { upgrade: false })).toEqual(all)
    const oneMore = new Map([["base", { suite: "bookworm", packages: ["git", "nano"], platforms: both }]])
    const some = { ...needs, images: new Map([["ubuntu:24.04", [...both, "linux/riscv64"] as const]]), debian: oneMore }
    expect(questionsFor(some, lock, { upgrade: false })).toMatchObject({
      images: [{ platforms: ["linux/riscv64"] }],
      debian: [{ platform: "linux/amd64" }, { platform: "linux/arm64" }],
    })
    expect(missingFrom(some, lock)).toEqual([
      "ubuntu:24.04 for linux/riscv64",
      "nano of base for linux/amd64",
      "the Debian packages of base for linux/arm64",
    ])
    expect(missingFrom(needs, lock)).toEqual([])
  })

  it("keeps what is needed, drops what is not, moves what was asked", () => {
    expect(updateLock(needs, lock, { answers: nothing, refresh: undefined })).toEqual(lock)
    const none: LockNeeds = { images: new Map(), urls: [], debian: new Map(), unlocked: [] }
    expect(updateLock(none, lock, { answers: nothing, refresh: "x" })).toEqual(emptyLock)
    const answers = {
      ...nothing,
      images: { "ubuntu:24.04": { "linux/amd64": digest("c"), "linux/arm64": digest("b") } },
    }
    const moved = updateLock(needs, lock, { answers, refresh: "2026-11-28" })
    expect(movedBetween(lock, moved)).toEqual([
      { kind: "image", reference: "ubuntu:24.04", platform: "linux/amd64", from: digest("a"), to: digest("c") },
      { kind: "refresh", row: "scipy-ml:2021.3-gpu", from: "2026-11-21", to: "2026-11-28" },
    ])
    expect(movedBetween(moved, moved)).toEqual([])
    expect(movedBetween(emptyLock, lock).filter(({ from }) => from !== undefined)).toEqual([])
    expect(movedBetween(lock, emptyLock).map(({ kind }) => kind)).toEqual([
      "image",
      "image",
      "url",
      "debian",
      "debian",
      "debian",
      "refresh",
    ])
  })

  it.each([
    ["2026-11-21", "2026-11-21.1"],
    ["2026-11-21.1", "2026-11-21.2"],
    ["2026-11-21.9", "2026-11-21.10"],
    ["2026-11-14.3", "2026-11-21"],
    ["2026-11-21.x", "2026-11-21"],
  ])("upgrades again on one day: %s, then %s", (before, after) => {
    const old = { ...lock, refresh: { "scipy-ml:2021.3-gpu": before } }
    const moved = updateLock(needs, old, { answers: nothing, refresh: "2026-11-21" })
    expect(moved.refresh["scipy-ml:2021.3-gpu"]).toBe(after)
  })

  it("gives no refresh value unless it moves", () => {
    const { refresh } = updateLock(needs, emptyLock, { answers: nothing, refresh: undefined })
    expect(refresh).toEqual({})
  })

  it("refuses a virtual package", () => {
    const answers = { ...nothing, debian: { base: { "linux/amd64": { git: "1" } } } }
    expect(() => updateLock(needs, emptyLock, { answers, refresh: undefined })).toThrow(
      "`tini` in `base` is not the name of a package",
    )
  })

  it("asks with a registry's host, each Debian root once, and stops at the first failure", async () => {
    const asked: string[] = []
    const outside: Outside = {
      resolveImage: async (reference) => (asked.push(reference), { "linux/amd64": digest("a") }),
      hashUrl: async (url) => (asked.push(url), "1".repeat(64)),
      resolveDebian: async ({ packages }) => (asked.push(packages.join()), [{ name: "git", version: "1" }]),
    }
    const one = { platform: "linux/amd64", suite: "bookworm", packages: ["git"] } as const
    const questions = {
      images: [{ reference: "ubuntu:24.04", platforms: both }],
      urls: ["u"],
      debian: [
        { row: "a", ...one },
        { row: "b", ...one },
      ],
    }
    const answers = await askOutside(questions, outside, new AbortController().signal)
    expect(asked).toEqual(["docker.io/library/ubuntu:24.04", "u", "git"])
    expect(answers.debian).toEqual({ a: { "linux/amd64": { git: "1" } }, b: { "linux/amd64": { git: "1" } } })
    await expect(askOutside(questions, outside, AbortSignal.abort())).rejects.toThrow("aborted")
    const broken = { ...outside, hashUrl: async () => Promise.reject(new Error("gone")) }
    await expect(askOutside(questions, broken, new AbortController().signal)).rejects.toThrow("gone")
  })

  it("completes references as Docker does", () => {
    expect(["ubuntu", "a/b:1", "ghcr.io/x/y", "localhost:5000/x"].map(withHost)).toEqual([
      "docker.io/library/ubuntu",
      "docker.io/a/b:1",
      "ghcr.io/x/y",
      "localhost:5000/x",
    ])
  })
})
