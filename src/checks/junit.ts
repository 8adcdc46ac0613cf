import type { CheckReport, CheckResult } from "./report.ts"

/**
 * A check report as JUnit XML: one suite, a test case for each check; what was not run is skipped. `suite` is the
 * image's name. The form is the one that GitHub, GitLab and Jenkins read:
 * https://github.com/testmoapp/junitxml
 */
export function junit(report: CheckReport, suite: string): string {
  const skipped = report.results.filter(({ status }) => status === "not-run").length
  const total = report.results.reduce((sum, { milliseconds }) => sum + milliseconds, 0)
  const counts = attributes({
    tests: report.results.length,
    failures: report.failed,
    errors: 0,
    skipped,
    time: seconds(total),
  })
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${counts}>`,
    `  <testsuite${attributes({ name: suite })}${counts}>`,
    `    <properties>`,
    `      <property${attributes({ name: "image", value: report.image })}/>`,
    `      <property${attributes({ name: "check-key", value: report.key })}/>`,
    `    </properties>`,
    ...report.results.flatMap((result) => testCase(result, suite)),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n")
}

function testCase(result: CheckResult, suite: string): readonly string[] {
  const opening = `    <testcase${attributes({
    name: result.name,
    classname: `${suite}.${result.kind}`,
    time: seconds(result.milliseconds),
  })}`
  const inside = [...outcome(result), ...output(result)]
  return inside.length === 0 ? [`${opening}/>`] : [`${opening}>`, ...inside, "    </testcase>"]
}

function outcome({ status, message, detail, kind }: CheckResult): readonly string[] {
  if (status === "not-run") return [`      <skipped${attributes({ message: message ?? "" })}/>`]
  if (status === "passed") return []
  return [`      <failure${attributes({ message: message ?? "", type: kind })}>${text(detail ?? "")}</failure>`]
}

function output(result: CheckResult): readonly string[] {
  return result.output === undefined ? [] : [`      <system-out>${text(result.output)}</system-out>`]
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(3)
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${text(String(value)).replaceAll("\n", "&#10;").replaceAll("\t", "&#9;")}"`)
    .join("")
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
  "\r": "&#13;",
}

/** Characters that XML 1.0 has no way to write become U+FFFD. https://www.w3.org/TR/xml/#charsets */
function text(value: string): string {
  return value
    .toWellFormed()
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, "\u{FFFD}")
    .replace(/[&<>"'\r]/g, (character) => entities[character] ?? character)
}
