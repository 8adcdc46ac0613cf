import type { Digest } from "../../src/oci/digest.ts"
import { pypiFormat } from "../../src/resolve/row-steps.ts"
import type { CheckSpec } from "../../src/tree/checks.ts"
import type { PypiStep, Step } from "../../src/tree/step.ts"
import type { Image, Tree } from "../../src/tree/tree.ts"

const budget = { layer: 800_000_000, layers: 40 }

const noChecks: CheckSpec = {
  profile: "none",
  kernels: [],
  imports: {},
  notebooks: [],
  paths: [],
  commands: [],
  later: {},
}

/** A step that installs packages, as `{name: version}`. */
export function pypi(packages: Readonly<Record<string, string>>): PypiStep {
  const requirements = Object.entries(packages)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, version]) => ({ name, version, extras: [], hashes: [`sha256:${"0".repeat(64)}`] }))
  return { kind: "pypi", format: pypiFormat, requirements, bytecode: "none", compression: "gzip", budget }
}

/** A step that sees files, as `{path: one hexadecimal digit for its bytes}`. */
export function dockerfile(files: Readonly<Record<string, string>>, args: Readonly<Record<string, string>> = {}): Step {
  const context = Object.entries(files)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, digit]) => ({ path, executable: false, sha256: digit.repeat(64) }))
  return {
    kind: "dockerfile",
    format: 1,
    dockerfile: "d".repeat(64),
    context,
    args,
    secrets: [],
    external: {},
    rows: {},
    urls: {},
  }
}

/** A row on linux/amd64. Without a parent it is a root. */
export function row(id: string, from: string | undefined, steps: readonly Step[], more: Partial<Image> = {}): Image {
  return {
    id,
    repository: id.split(":")[0] ?? id,
    prefix: id.split(":")[1] ?? "",
    parent: from === undefined ? { kind: "none" } : { kind: "image", id: from },
    uses: [],
    platforms: ["linux/amd64"],
    steps: { "linux/amd64": steps },
    checks: noChecks,
    budget,
    publish: "together",
    axes: {},
    ...more,
  }
}

/** A tree of rows, parents first. */
export function treeOf(...images: readonly Image[]): Tree {
  return {
    version: 1,
    folder: "/tree",
    registry: undefined,
    state: "nbstacks",
    tags: ["{release}"],
    tagging: "tree",
    sboms: ["spdx"],
    trust: [],
    images,
    skipped: [],
    secrets: {},
    sources: new Map(),
    places: new Map(),
  }
}

/** A digest made of one hexadecimal digit. */
export function digest(digit: string): Digest {
  return `sha256:${digit.repeat(64)}`
}
