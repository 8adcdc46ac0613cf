import { DockerfileParser } from "dockerfile-ast"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { parseDockerfile } from "./instructions.ts"

const shapes = (text: string) =>
  parseDockerfile(text).instructions.map(({ name, line, flags, words }) =>
    [line, name, ...flags.map(({ word }) => word.text), ...words.map((word) => word.text)].join(" "),
  )

describe("parseDockerfile", () => {
  it("joins continuations over comments and empty lines", () => {
    expect(shapes("FROM a\nRUN x \\\n# comment\n\n  # more\n  y \\ \t\n\\\nz\nUSER u")).toEqual([
      "1 FROM a",
      "2 RUN x y z",
      "9 USER u",
    ])
    expect(shapes("FROM a\r\nRUN x \\\r\n  y\r\nUSER b\r\n")).toEqual(["1 FROM a", "2 RUN x y", "4 USER b"])
    expect(shapes("FROM a\nRUN x \\")).toEqual(["1 FROM a", "2 RUN x"])
    expect(shapes("FROM a\nRUN two\\\\\nUSER b")).toEqual(["1 FROM a", "2 RUN two\\\\", "3 USER b"])
  })

  it("knows directives only before everything else", () => {
    expect(parseDockerfile("# syntax=docker/dockerfile:1\n# escape=`\nFROM a\nRUN x `\n y\n")).toMatchObject({
      syntax: { text: "docker/dockerfile:1", start: 9, end: 28, line: 1 },
      escape: "`",
      instructions: [{ name: "FROM" }, { name: "RUN", rest: "x  y" }],
    })
    expect(parseDockerfile("#!/usr/bin/env x\n//syntax = q/r:1\nFROM a").syntax?.text).toBe("q/r:1")
    expect(parseDockerfile("# a comment\n# syntax=x\nFROM a").syntax).toBe(undefined)
    expect(parseDockerfile("\n# syntax=x\nFROM a").syntax).toBe(undefined)
    expect(parseDockerfile("\uFEFF# syntax=x\nFROM a")).toMatchObject({ syntax: { text: "x", start: 10 } })
  })

  it("steps over here-documents", () => {
    expect(shapes("FROM a\nRUN <<EOF\nFROM b\nEOF\nUSER u")).toEqual(["1 FROM a", "2 RUN <<EOF", "5 USER u"])
    expect(shapes("FROM a\nRUN cat <<A <<-'B'\n1\nA\nFROM q\n\t\tB\nUSER u")).toHaveLength(3)
    expect(shapes("FROM a\nCOPY <<'EOF' /x\nCOPY $no\nEOF\nUSER u")).toHaveLength(3)
    expect(shapes("FROM a\nONBUILD RUN <<EOF\nFROM b\nEOF\nUSER u")).toHaveLength(3)
    expect(shapes('FROM a\nRUN echo "<<EOF"\nUSER b')).toHaveLength(3)
    expect(shapes("FROM a\nRUN cat <<<EOF\nUSER b")).toHaveLength(3)
    expect(shapes('FROM a\nRUN ["cat", "<<EOF"]\nUSER b')).toHaveLength(3)
    expect(shapes("FROM a\nENV X=<<EOF\nUSER b")).toHaveLength(3)
    expect(parseDockerfile("FROM a\nRUN <<EOF\nx").errors).toEqual([
      { line: 2, message: "the here-document EOF does not end" },
    ])
  })

  it("splits as each instruction does", () => {
    expect(shapes('FROM a\nCOPY ["a b", "c"]')[1]).toBe("2 COPY a b c")
    expect(parseDockerfile('FROM a\nCOPY ["a b", "c"]').instructions[1]).toMatchObject({ json: true })
    expect(parseDockerfile("FROM a\nCOPY [a b] c").instructions[1]).toMatchObject({ json: false })
    expect(
      parseDockerfile("FROM a\nENV A=\"x y\" B='z' C=a\\ b").instructions[1]?.words.map(({ text }) => text),
    ).toEqual(['A="x y"', "B='z'", "C=a\\ b"])
    const copy = parseDockerfile("FROM a\nCOPY \\\n --chmod=755 \\\n --link --from='x y' a b").instructions[1]
    expect(copy?.flags.map(({ name, value }) => [name, value])).toEqual([
      ["chmod", "755"],
      ["link", undefined],
      ["from", "x y"],
    ])
  })

  it("agrees with dockerfile-ast on where instructions start", () => {
    const line = fc.constantFrom(
      "FROM a AS b",
      "RUN x \\",
      "  y",
      "# comment",
      "",
      "COPY --from=b x y",
      "RUN <<EOF",
      "EOF",
      "ENV A=1 \\",
      'RUN ["x", "y"]',
      "  USER u",
      "CMD x y\t",
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
        const text = ["FROM scratch", ...lines].join("\n")
        const own = parseDockerfile(text)
        // Without an end, that library takes the here-document to end with its line.
        fc.pre(own.errors.length === 0)
        const theirs = DockerfileParser.parse(text).getInstructions()
        const starts = theirs.map((one) => `${one.getRange().start.line + 1} ${one.getKeyword()}`)
        expect(own.instructions.map(({ name, line: at }) => `${at} ${name}`)).toEqual(starts)
      }),
      { numRuns: 2000 },
    )
  })

  it("takes any text", () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom("FROM ", "\n", "\\\n", "<<E", "${", "'", '"', "--x=", "[", "#", "ARG "),
    )
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const text = pieces.join("")
        for (const { flags, words, end } of parseDockerfile(text).instructions) {
          expect(end).toBeLessThanOrEqual(text.length)
          for (const { start, end: stop } of [...words, ...flags.map(({ word }) => word)])
            expect(stop).toBeGreaterThanOrEqual(start)
        }
      }),
    )
  })
})
