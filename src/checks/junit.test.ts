import * as fc from "fast-check"
import { Parser } from "htmlparser2"
import { expect, test } from "vitest"
import { junit } from "./junit.ts"
import { CheckReport, type CheckResult } from "./report.ts"
import { table } from "./table.ts"

function reportOf(results: readonly CheckResult[]): CheckReport {
  return {
    version: 1,
    key: "a".repeat(64),
    image: "sha256:1",
    profile: "jupyter",
    results,
    passed: results.filter(({ status }) => status === "passed").length,
    failed: results.filter(({ status }) => status === "failed").length,
  }
}

const results: readonly CheckResult[] = [
  { name: "the server answers", kind: "server", status: "passed", milliseconds: 1234 },
  {
    name: 'command test "$A" < b && c',
    kind: "command",
    status: "failed",
    milliseconds: 5,
    message: "exit code\n1",
    detail: "a\u0000b ]]> \uD800",
    output: "<out>",
  },
  { name: "gpu: nvidia-smi", kind: "command", status: "not-run", milliseconds: 0, message: "later, with `gpu`" },
]

test("a report as JUnit XML", () => {
  expect(junit(reportOf(results), "scipy-ml:2021.3-gpu")).toMatchInlineSnapshot(`
    "<?xml version="1.0" encoding="UTF-8"?>
    <testsuites tests="3" failures="1" errors="0" skipped="1" time="1.239">
      <testsuite name="scipy-ml:2021.3-gpu" tests="3" failures="1" errors="0" skipped="1" time="1.239">
        <properties>
          <property name="image" value="sha256:1"/>
          <property name="check-key" value="aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"/>
        </properties>
        <testcase name="the server answers" classname="scipy-ml:2021.3-gpu.server" time="1.234"/>
        <testcase name="command test &quot;$A&quot; &lt; b &amp;&amp; c" classname="scipy-ml:2021.3-gpu.command" time="0.005">
          <failure message="exit code&#10;1" type="command">a�b ]]&gt; �</failure>
          <system-out>&lt;out&gt;</system-out>
        </testcase>
        <testcase name="gpu: nvidia-smi" classname="scipy-ml:2021.3-gpu.command" time="0.000">
          <skipped message="later, with \`gpu\`"/>
        </testcase>
      </testsuite>
    </testsuites>
    "
  `)
})

test("a report as rows", () => {
  expect(table(reportOf(results))).toEqual([
    { status: "passed", name: "the server answers", time: "1.2 s", message: "" },
    { status: "failed", name: 'command test "$A" < b && c', time: "0.0 s", message: "exit code 1" },
    { status: "not-run", name: "gpu: nvidia-smi", time: "", message: "later, with `gpu`" },
  ])
})

test("whatever a check printed comes back from the XML as it was, but for what XML cannot write", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const result: CheckResult = { name: text, kind: "command", status: "failed", milliseconds: 0, detail: text }
      const xml = junit(reportOf([result]), "demo")
      let name = ""
      let detail = ""
      let inside = false
      const parser = new Parser(
        {
          onopentag(tag, attributes) {
            if (tag === "testcase") name = attributes["name"] ?? ""
            inside = tag === "failure"
          },
          ontext(piece) {
            if (inside) detail += piece
          },
          onclosetag() {
            inside = false
          },
        },
        { xmlMode: true },
      )
      parser.end(xml)
      const writable = text
        .toWellFormed()
        .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, "\uFFFD")
      expect({ name, detail }).toEqual({ name: writable, detail: writable })
    }),
  )
})

test("a report reads back as it was written", () => {
  const report = reportOf(results.filter(({ status }) => status !== "failed"))
  expect(CheckReport.parse(JSON.parse(JSON.stringify(report)))).toEqual(report)
  expect(CheckReport.safeParse({ ...report, version: 2 }).success).toBe(false)
})
