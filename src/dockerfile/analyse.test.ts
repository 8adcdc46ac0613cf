import { describe, expect, it } from "vitest"
import { analyse } from "./analyse.ts"
import type { AnalyseOptions } from "./analysis.ts"
import { pinnedReference, withParent, type ParentOptions } from "./with-parent.ts"

const plain: AnalyseOptions = { file: "Dockerfile", args: {}, target: undefined, platform: "linux/amd64" }
const look = (text: string, more: Partial<AnalyseOptions> = {}) => analyse(text, { ...plain, ...more })
const problems = (text: string, more: Partial<AnalyseOptions> = {}) =>
  look(text, more).problems.map(({ at, message }) => `${at.line} ${message}`)
const sources = (text: string, more: Partial<AnalyseOptions> = {}) =>
  look(text, more).sources.map(({ pattern }) => pattern)

describe("the final base", () => {
  it.each([
    ["FROM base", {}, "base"],
    ["FROM --platform=linux/amd64 base AS x", {}, "base"],
    ["ARG BASE=q\nFROM $BASE", {}, "q"],
    ["ARG BASE=q\nFROM $BASE", { BASE: "r" }, "r"],
    ["ARG TAG\nFROM ghcr.io/x/y:${TAG}", { TAG: "2" }, "ghcr.io/x/y:2"],
    ["ARG A=x\nARG B=${A}y\nFROM $B", {}, "xy"],
    ["FROM x-${TARGETARCH}", {}, "x-amd64"],
    ["FROM a AS one\nFROM one AS two\nFROM TWO", {}, "a"],
    ["FROM base AS base\nFROM base", {}, "base"],
    ["FROM a\nFROM b", {}, "b"],
    ["FROM \\\n  a", {}, "a"],
    ["FROM scratch", {}, "scratch"],
  ])("of %s", (text, args, expected) => {
    const { finalBase, problems: wrong } = look(text, { args })
    expect([finalBase.expanded, finalBase.unset, wrong]).toEqual([expected, [], []])
  })

  it("is open where an argument has no value", () => {
    expect(look("ARG BASE\nFROM $BASE").finalBase).toMatchObject({
      written: "$BASE",
      unset: ["BASE"],
      line: 2,
      column: 6,
    })
  })

  it("is found through many stages, and circles end", () => {
    const chain = ["FROM a AS s0", ...Array.from({ length: 400 }, (_, index) => `FROM s${index} AS s${index + 1}`)]
    expect(look(chain.join("\n")).finalBase.expanded).toBe("a")
    expect(look("FROM a AS x\nCOPY --from=y / /\nFROM x AS y\nCOPY --from=y / /\nCOPY --from=x / /").stages).toEqual([
      0, 1,
    ])
    expect(look("FROM a AS x\nFROM b AS x\nFROM x").finalBase.expanded).toBe("b")
  })

  it("is the target's", () => {
    const text = "FROM a AS x\nFROM b AS y\nFROM x AS z"
    expect(look(text, { target: "Y" }).finalBase.expanded).toBe("b")
    expect(look(text, { target: "2" }).finalBase.expanded).toBe("a")
    expect(problems(text, { target: "w" })).toEqual(["3 there is no stage `w`"])
  })
})

describe("what else is used", () => {
  const text = `# syntax=docker/dockerfile:1
ARG V=1
FROM tools:$V AS tools
FROM unused AS unused
COPY --from=never /x /y
ADD https://x.example/unused /
FROM base
ARG W=1
COPY --from=tools /a /b
COPY --from=0 /a /b
COPY --from=ghcr.io/q/r:2 /a /b
RUN --mount=type=bind,from=other/image,target=/x --mount=type=cache,target=/c --mount=from=base,target=/q true
ADD --chmod=644 https://x.example/$W.tgz /
ADD --checksum=sha256:abc https://x.example/pinned /
`
  it("is named once, and only for needed stages", () => {
    const { uses, urls, stages } = look(text, { args: { W: "2" } })
    expect(uses.map(({ key, line }) => `${line} ${key}`)).toEqual([
      "1 docker/dockerfile:1",
      "11 ghcr.io/q/r:2",
      "12 other/image",
      "3 tools:1",
    ])
    expect(urls).toEqual([{ url: "https://x.example/2.tgz", line: 13 }])
    expect(stages).toEqual([0, 2])
  })

  it("has a platform of its own where one is written", () => {
    const { uses } = look(
      "FROM --platform=linux/arm64 t AS t\nFROM --platform=$BUILDPLATFORM u AS u\nFROM b\nCOPY --from=t / /\nCOPY --from=u / /",
    )
    expect(uses.map(({ key, platform }) => [key, platform])).toEqual([
      ["t on linux/arm64", "linux/arm64"],
      ["u", "linux/amd64"],
    ])
  })

  it("leaves the final base out, wherever it is written", () => {
    expect(look("ARG B=x\nFROM $B AS build\nFROM $B\nCOPY --from=x /a /b\nCOPY --from=build /a /b").uses).toEqual([])
  })
})

describe("sources", () => {
  it.each<[string, Record<string, string>, readonly string[]]>([
    ["COPY a b /c/", {}, ["a", "b"]],
    ['COPY ["a b", "/c"]', {}, ["a b"]],
    ["ARG CLASS=x\nCOPY requirements/classes/${CLASS} /r", {}, ["requirements/classes/x"]],
    ["ARG CLASS\nCOPY requirements/classes/${CLASS} /r", { CLASS: "phys" }, ["requirements/classes/phys"]],
    ["ENV X=1\nARG X=2\nCOPY $X /", { X: "3" }, ["3"]],
    ["ARG X=2\nENV X=1\nARG X\nCOPY $X /", {}, ["1"]],
    ["COPY ${FROM_THE_BASE:-x} /", {}, ["."]],
    ["COPY ${FROM_THE_BASE:+x} /", {}, ["."]],
    ["ARG X=1\nCOPY ${X:-y} /", {}, ["1"]],
    ["ENV X one-two three\nCOPY ${X%-*} /", {}, ["one"]],
    ["ENV A=1 B=$A\nCOPY x$B /", {}, ["."]],
    ["COPY $FROM_THE_BASE /", {}, ["."]],
    ["RUN --mount=type=bind,source=req.txt,target=/r --mount=target=/all true", {}, ["req.txt", ""]],
    ["RUN --mount=type=secret,id=x --mount=type=cache,source=y,target=/z true", {}, []],
    ["COPY <<EOF /x\nhi\nEOF", {}, []],
    ["COPY --from=other a b", {}, []],
    ["ADD x.tgz https://h.example/y /", {}, ["x.tgz"]],
    ["ONBUILD COPY a b", {}, []],
    ["COPY --link --chmod=755 --chown=1:1 a* /", {}, ["a*"]],
  ])("of %s", (text, args, expected) => {
    expect(sources(`FROM base\n${text}`, { args })).toEqual(expected)
  })

  it("knows --exclude and --parents, and the preamble's arguments", () => {
    expect(
      look("ARG D=src\nFROM b\nARG D\nCOPY --parents --exclude=*.md --exclude=$D/x ./$D/**/f.py /").sources,
    ).toEqual([{ pattern: "./src/**/f.py", exclude: ["*.md", "src/x"], parents: true, literal: false, line: 4 }])
  })

  it("follows variables through stages, and knows all of them on scratch", () => {
    expect(sources("FROM scratch AS a\nENV P=x\nFROM a\nCOPY $P$NOTHING /")).toEqual(["x"])
  })

  it("sees what a parent holds back with ONBUILD, once", () => {
    const parent = look("FROM x\nONBUILD COPY requirements.txt /\nONBUILD RUN pip install")
    expect(parent.triggers).toEqual(["COPY requirements.txt /", "RUN pip install"])
    const child = look("FROM parent\nCOPY a /", { triggers: parent.triggers })
    expect([child.sources.map(({ pattern }) => pattern), child.unlocked, child.triggers]).toEqual([
      ["requirements.txt", "a"],
      true,
      [],
    ])
  })
})

describe("arguments", () => {
  it("are those that needed stages or the preamble declare", () => {
    const args = { PRE: "1", USED: "2", UNUSED_STAGE: "3", NOWHERE: "4", HTTP_PROXY: "5", BUILDKIT_X: "6" }
    const text = "ARG PRE\nFROM a AS skipped\nARG UNUSED_STAGE\nFROM b\nARG USED=x OTHER\nRUN true"
    expect(look(text, { args }).args).toEqual({ BUILDKIT_X: "6", PRE: "1", USED: "2" })
  })

  it("tell what executes nothing", () => {
    expect(look("FROM a AS x\nRUN y\nFROM b\nCOPY a b").unlocked).toBe(false)
    expect(look("FROM a AS x\nRUN y\nFROM b\nCOPY --from=x a b").unlocked).toBe(true)
  })
})

it.each([
  ["", "1 there is no FROM in this Dockerfile"],
  ["RUN x\nFROM a", "1 RUN stands before the first FROM"],
  ["FROM a\nRUN <<EOF\n", "2 the here-document EOF does not end"],
  ["FROM a\nCOPY x", "2 COPY needs a source and a destination"],
  ["FROM a\nCOPY --from=UPPER/x a b", "2 `UPPER/x` is neither a stage of this Dockerfile nor an image"],
  ["FROM ${Q} AS q\nFROM b\nCOPY --from=q a b", "1 `${Q}` needs a value for Q"],
  ["FROM a\nADD https://h.example/a https://h.example/b /", "2 an ADD with a URL and other sources cannot be pinned"],
  [
    "FROM a\nADD https://h.example/a.git#main /",
    "2 `https://h.example/a.git#main` is a Git repository without a commit",
  ],
  ["FROM a\nADD git@h.example:a/b /", "2 `git@h.example:a/b` is a Git repository without a commit"],
  ["FROM a\nADD https://h.example/$V /", "2 `https://h.example/` needs a value for V"],
  [
    `ARG A=${"x".repeat(100)}\n${Array.from({ length: 40 }, () => "ARG A=$A$A").join("\n")}\nFROM $A`,
    "1 A variable of a Dockerfile is longer than 65536 characters",
  ],
  ["FROM a\n".repeat(501), "501 there are more than 500 stages"],
])("complains about %j", (text, expected) => {
  expect(problems(text)).toContain(expected)
})

it("takes a repository at a commit", () => {
  expect(look(`FROM a\nADD https://h.example/a.git#${"0a".repeat(20)}:sub /`)).toMatchObject({ problems: [], urls: [] })
})

describe("withParent", () => {
  const options: ParentOptions = { args: {}, target: undefined, platform: "linux/amd64", externals: {} }
  const give = (text: string, more: Partial<ParentOptions> = {}) =>
    withParent(text, "P@sha256:1", { ...options, ...more })

  it.each([
    ["FROM base\nRUN x\n", "FROM P@sha256:1\nRUN x\n"],
    ["from base", "from P@sha256:1"],
    ["ARG B=x\nFROM $B as y\n", "ARG B=x\nFROM P@sha256:1 as y\n"],
    [
      "FROM --platform=linux/amd64 ghcr.io/x/y:${TAG}  AS z\r\nRUN x\r\n",
      "FROM --platform=linux/amd64 P@sha256:1  AS z\r\nRUN x\r\n",
    ],
    ["FROM \\\n# why\n  base \\\n  AS x\nFROM x\n", "FROM \\\n# why\n  P@sha256:1 \\\n  AS x\nFROM x\n"],
    ["FROM a AS b\nFROM b AS c\nFROM c", "FROM P@sha256:1 AS b\nFROM b AS c\nFROM c"],
    [
      "FROM base AS build\nFROM base\nCOPY --from=base /a /b\n",
      "FROM P@sha256:1 AS build\nFROM P@sha256:1\nCOPY --from=P@sha256:1 /a /b\n",
    ],
    ["FROM scratch\nCOPY a b", "FROM scratch\nCOPY a b"],
    ["FROM a\nRUN <<EOF\nFROM a\nEOF\n", "FROM P@sha256:1\nRUN <<EOF\nFROM a\nEOF\n"],
  ])("writes the parent into %j", (text, expected) => {
    expect(give(text)).toBe(expected)
  })

  it("pins other images, the syntax and mounts, and leaves what it does not know", () => {
    const text = `# syntax = docker/dockerfile:1
ARG V=2
FROM --platform=linux/arm64 tool AS t
FROM unknown AS u
FROM base
COPY --link --from=ghcr.io/x/y:$V /a /b
RUN --mount=type=bind,from=img,source=/s,target=/t --mount=type=secret,id=k cmd
COPY --from=t /a /b
`.replace("ghcr.io/x/y:$V", "ghcr.io/x/y:2")
    const externals = { "docker/dockerfile:1": "S", "tool on linux/arm64": "T", "ghcr.io/x/y:2": "Y", img: "I" }
    expect(give(text, { externals })).toBe(`# syntax = S
ARG V=2
FROM --platform=linux/arm64 T AS t
FROM unknown AS u
FROM P@sha256:1
COPY --link --from=Y /a /b
RUN --mount=type=bind,from=I,source=/s,target=/t --mount=type=secret,id=k cmd
COPY --from=t /a /b
`)
  })

  it("passes Docker's cache by, in every stage", () => {
    expect(give("FROM base AS a\nRUN x\nFROM a", { refresh: "2026-11-21 \n" })).toBe(
      "FROM P@sha256:1 AS a\nARG NBSTACKS_REFRESH=2026-11-21--\nRUN x\nFROM a\nARG NBSTACKS_REFRESH=2026-11-21--\n",
    )
  })

  it("writes checksums of downloads", () => {
    const text =
      "FROM base\nARG V=1\nADD --chmod=600 https://h.example/$V /x\nADD --checksum=sha256:q https://h.example/2 /x\n"
    expect(give(text, { checksums: { "https://h.example/1": "aa", "https://h.example/2": "bb" } })).toBe(
      "FROM P@sha256:1\nARG V=1\nADD --chmod=600 --checksum=sha256:aa https://h.example/$V /x\nADD --checksum=sha256:q https://h.example/2 /x\n",
    )
  })

  it("changes nothing else", () => {
    const text = "\uFEFF# escape=`\n\n# x\nFROM base\nENV A=`\n 1\n\n\n"
    expect(give(text).replace("P@sha256:1", "base")).toBe(text)
  })

  it("pins a reference without its tag", () => {
    const digest = `sha256:${"a".repeat(64)}` as const
    expect(pinnedReference("ghcr.io/x/y:1", digest)).toBe(`ghcr.io/x/y@${digest}`)
    expect(pinnedReference("ubuntu:24.04", digest)).toBe(`ubuntu@${digest}`)
  })
})
