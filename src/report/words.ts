import type { Event, Outcome, Phase } from "./event.ts"
import { bytes, duration } from "./format.ts"

/** What a phase is called while it runs. */
export const doing: Readonly<Record<Phase, string>> = {
  fetch: "fetching",
  compile: "compiling",
  build: "building",
  graft: "grafting",
  unpack: "unpacking",
  check: "checking",
  push: "pushing",
  tag: "tagging",
}

const failing: Readonly<Record<Phase, string>> = {
  fetch: "fetch failed",
  compile: "compilation failed",
  build: "build failed",
  graft: "graft failed",
  unpack: "unpack failed",
  check: "checks failed",
  push: "push failed",
  tag: "tag failed",
}

const done: Readonly<Record<Outcome, string>> = {
  built: "built",
  reused: "reused",
  passed: "checked",
  failed: "failed",
  skipped: "skipped",
  pushed: "pushed",
  tagged: "tagged",
}

/** A row as people see it: the platform only where a tree has several. */
export function rowLabel(
  row: { readonly image: string; readonly platform: string },
  severalPlatforms: boolean,
): string {
  return severalPlatforms ? `${row.image} ${row.platform}` : row.image
}

/** The line of a finished step: `datascience:2021.3  built  12 s  34 MB`. */
export function finishedLine(event: Extract<Event, { kind: "finished" }>, label: string): string {
  const what = event.outcome === "failed" ? failing[event.phase] : done[event.outcome]
  const parts = [what, duration(event.milliseconds)]
  if (event.bytes !== undefined && event.bytes > 0) parts.push(bytes(event.bytes))
  if (event.detail !== undefined) parts.push(event.detail)
  return `${label}  ${parts.join(", ")}`
}
