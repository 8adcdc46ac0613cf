import type { Make, Row } from "../config/row.ts"
import type { Analysis } from "../dockerfile/analysis.ts"
import { readContext, type Context } from "../dockerfile/context.ts"
import { readIgnore, type Ignore } from "../dockerfile/ignore.ts"
import { below } from "../dockerfile/locate.ts"
import type { Lock } from "../lock/lock.ts"
import type { NamedRow } from "../lock/needs.ts"
import type { Digest } from "../oci/digest.ts"
import type { Platform } from "../oci/platform.ts"
import { addSource, hashSource, type Content } from "./content.ts"
import type { DockerfileStep } from "../tree/step.ts"

/** Contexts and rules that rows share, each read once. */
export type Shared = {
  readonly ignores: Map<string, Promise<Ignore>>
  readonly contexts: Map<string, Promise<Context>>
}

export type DockerfileInput = {
  readonly row: Row
  readonly make: Make & { readonly kind: "dockerfile" }
  readonly platform: Platform
  readonly analysis: Analysis
  readonly lock: Lock
  readonly find: (reference: string, user: Row) => NamedRow | undefined
  readonly shared: Shared
}

/** A Dockerfile as plain data. What the lock lacks is left out: that is judged before. */
export async function dockerfileStep(content: Content, input: DockerfileInput): Promise<DockerfileStep> {
  const { row, make, analysis, lock } = input
  const context = await contextOf(content, input)
  content.problems.push(...context.problems)
  const place = make.context === "." ? "" : make.context
  for (const { path, sha256 } of context.entries)
    if (sha256 !== undefined) addSource(content, sha256, below(place, path))
  const { external, rows } = usesOf(content, input)
  const refresh = analysis.unlocked && Object.hasOwn(lock.refresh, row.id) ? lock.refresh[row.id] : undefined
  const step: DockerfileStep = {
    kind: "dockerfile",
    format: 1,
    dockerfile: await hashSource(content, make.file.value),
    context: context.entries,
    args: analysis.args,
    ...(make.target === undefined ? {} : { target: make.target }),
    secrets: [...new Set(make.secrets)].sort(),
    external,
    rows,
    urls: Object.fromEntries(
      analysis.urls.flatMap(({ url }) => (lock.urls[url] === undefined ? [] : [[url, lock.urls[url]]])),
    ),
    ...(refresh === undefined ? {} : { refresh }),
  }
  content.places.set(step, { dockerfile: make.file.value, of: (path) => below(place, path) })
  return step
}

function usesOf(content: Content, { row, make, platform, analysis, lock, find }: DockerfileInput) {
  const external: Record<string, Digest> = {}
  const rows: Record<string, string> = {}
  for (const use of analysis.uses) {
    const named = find(use.reference, row)
    const complain = (message: string): void => {
      content.problems.push({
        at: { file: make.file.value, line: use.line, column: 1 },
        rule: "dockerfile-row",
        message,
      })
    }
    if (named === undefined) {
      const digest = lock.images[use.reference]?.[use.platform]
      if (digest !== undefined) external[use.key] = digest
    } else if ("skipped" in named) complain(`\`${use.reference}\` is skipped: ${named.skipped}`)
    else if ("several" in named)
      complain(
        `\`${use.reference}\` may be ${named.several.map(({ id }) => `\`${id}\``).join(" or ")}: write one of them`,
      )
    else if (use.platform !== platform) complain(`\`${use.reference}\` is a row: its platform is always the target's`)
    else if (!named.row.platforms.includes(platform)) complain(`\`${named.row.id}\` is not built for ${platform}`)
    else rows[use.key] = named.row.id
  }
  return { external, rows }
}

async function contextOf({ view }: Content, { make, analysis, shared }: DockerfileInput): Promise<Context> {
  const context = make.context === "." ? "" : make.context
  const file = make.file.value
  const ignoreKey = JSON.stringify([file, context])
  const reading = shared.ignores.get(ignoreKey) ?? readIgnore(view, file, context)
  shared.ignores.set(ignoreKey, reading)
  const ignore = await reading
  const key = JSON.stringify([context, ignore.file, file, analysis.sources])
  const found = shared.contexts.get(key) ?? readContext(view, { context, ignore, sources: analysis.sources, file })
  shared.contexts.set(key, found)
  return found
}
