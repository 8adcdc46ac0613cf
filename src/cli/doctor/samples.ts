import type { Step } from "../../tree/step.ts"

const budget = { layer: 800_000_000, layers: 40 }

/** The smallest step of a kind, to ask an engine whether it could execute one here. */
export function sampleStep(kind: "bootstrap" | "dockerfile" | "environment"): Step {
  switch (kind) {
    case "bootstrap":
      return { kind, format: 2, suite: "bookworm", packages: [], locked: [], budget }
    case "dockerfile":
      return {
        kind,
        format: 1,
        dockerfile: "0".repeat(64),
        context: [],
        args: {},
        secrets: [],
        external: {},
        rows: {},
        urls: {},
      }
    case "environment":
      return { kind: "pypi", format: 2, requirements: [], bytecode: "none", compression: "gzip", budget }
  }
}
