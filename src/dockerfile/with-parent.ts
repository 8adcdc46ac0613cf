import { formatReference, parseReference } from "../oci/reference.ts"
import type { Digest } from "../oci/digest.ts"
import { isPlatform, type Platform } from "../oci/platform.ts"
import { chainOf, sameBase, understand, useKey } from "./analyse.ts"
import { expand } from "./expand.ts"
import type { Instruction } from "./instructions.ts"
import { mountFrom, mountOf } from "./mounts.ts"
import { stageNamed, startOf } from "./stages.ts"
import { copyVariables, declare, lookupIn, setEnvironment } from "./variables.ts"

export type ParentOptions = {
  readonly args: Readonly<Record<string, string>>
  readonly target: string | undefined
  readonly platform: Platform
  /** What to write for other images, by their key in `DockerfileStep.external` or `rows`. */
  readonly externals: Readonly<Record<string, string>>
  /** Passed to every stage as an argument, so that Docker's cache does not give old results. */
  readonly refresh?: string | undefined
  /** sha256 (hexadecimal) of what `ADD` downloads, by URL: written as `--checksum`, which Docker 20.10's own BuildKit lacks. */
  readonly checksums?: Readonly<Record<string, string>>
}

type Edit = { readonly start: number; readonly end: number; readonly text: string }

/** The argument that passes by Docker's cache. */
const refreshArgument = "NBSTACKS_REFRESH"

/**
 * The Dockerfile as the engine gets it: the final base is the parent, however it was written, other images are
 * pinned. Everything else stays as it is, to the byte.
 *
 * @param base what to write instead of the final base, such as `127.0.0.1:5000/base@sha256:…`; `scratch` stays
 */
export function withParent(text: string, base: string, options: ParentOptions): string {
  const { parsed, staged, setting } = understand(text, options)
  const { stages } = staged
  const target = options.target === undefined ? stages.at(-1) : stageNamed(stages, options.target)
  const final = target === undefined ? undefined : chainOf(stages, target).at(-1)?.base
  const replacement = (reference: string, platform?: string): string | undefined => {
    const on = platform !== undefined && isPlatform(platform) ? platform : options.platform
    const key = useKey(reference, on, options.platform)
    return Object.hasOwn(options.externals, key) ? options.externals[key] : undefined
  }
  const edits: Edit[] = []
  const replace = (at: Omit<Edit, "text">, by: string | undefined): void => {
    if (by !== undefined) edits.push({ start: at.start, end: at.end, text: by })
  }
  if (parsed.syntax !== undefined) replace(parsed.syntax, replacement(parsed.syntax.text))
  const variables = new Map<number, ReturnType<typeof copyVariables>>()
  for (const stage of stages) {
    const isFinal = final !== undefined && sameBase(stage.base, final)
    if (stage.on === undefined && stage.base.expanded !== "scratch")
      replace(stage.base.word, isFinal ? base : replacement(stage.base.expanded, stage.base.platform))
    if (options.refresh !== undefined) edits.push(refreshAfter(text, stage.from, options.refresh))
    const below = stage.on === undefined ? undefined : variables.get(stage.on)
    const own = copyVariables(below ?? startOf(stage))
    const image = (written: string): string | undefined => {
      const reference = expand(written, lookupIn(own), parsed.escape).text
      if (stageNamed(stages, reference) !== undefined) return undefined
      return reference === final?.expanded && reference !== "scratch" ? base : replacement(reference)
    }
    for (const command of stage.commands) {
      if (command.name === "ARG") declare(own, command, setting)
      else if (command.name === "ENV") setEnvironment(own, command, parsed.escape)
      for (const flag of command.flags) {
        if (flag.name === "from" && flag.value !== undefined) {
          const found = image(flag.value)
          replace(flag.word, found === undefined ? undefined : `--from=${found}`)
        } else if (flag.name === "mount") {
          const { from } = mountOf(flag)
          const found = from === undefined ? undefined : image(from)
          replace(flag.word, found === undefined ? undefined : mountFrom(flag, found))
        }
      }
      edits.push(...checksum(command, (url) => expand(url, lookupIn(own), parsed.escape).text, options))
    }
    variables.set(stage.index, own)
  }
  return apply(text, edits)
}

/** A reference by digest: the tag falls away, since a digest says more. */
export function pinnedReference(reference: string, digest: Digest): string {
  const parsed = parseReference(reference)
  if (parsed === undefined) throw new Error(`${reference} is no image reference`)
  return formatReference({ ...parsed, tag: undefined, digest })
}

function refreshAfter(text: string, { end }: Instruction, value: string): Edit {
  const clean = value.replaceAll(/[^\w.:+-]/g, "-")
  const line = text.charAt(end - 1) === "\n" ? "" : "\n"
  return { start: end, end, text: `${line}ARG ${refreshArgument}=${clean}\n` }
}

function checksum(command: Instruction, fill: (url: string) => string, options: ParentOptions): readonly Edit[] {
  const [first] = command.words
  if (command.name !== "ADD" || first === undefined || command.flags.some(({ name }) => name === "checksum")) return []
  const found = options.checksums?.[fill(first.text)]
  return found === undefined ? [] : [{ start: first.start, end: first.start, text: `--checksum=sha256:${found} ` }]
}

function apply(text: string, edits: readonly Edit[]): string {
  const sorted = edits.toSorted((a, b) => a.start - b.start || a.end - b.end)
  let out = ""
  let at = 0
  for (const edit of sorted) {
    out += text.slice(at, edit.start) + edit.text
    at = edit.end
  }
  return out + text.slice(at)
}
