import { jsonPart, type Part } from "../oci/artifact.ts"
import { artifactTypes } from "../tree/labels.ts"
import { junit } from "./junit.ts"
import type { CheckReport } from "./report.ts"

/** A report as it is kept beside its image: the value, and JUnit XML for tools that read that. */
export function checkReportParts(report: CheckReport, image: string): readonly Part[] {
  return [
    jsonPart(artifactTypes.checkReport, report, "checks.json"),
    { mediaType: "application/xml", bytes: new TextEncoder().encode(junit(report, image)), title: "junit.xml" },
  ]
}
