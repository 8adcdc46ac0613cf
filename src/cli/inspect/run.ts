import { Failure } from "../../failure.ts"
import type { Context } from "../context.ts"
import { json } from "../json.ts"
import type { InspectOptions } from "./flags.ts"
import { inspectFiles } from "./files.ts"
import { inspected } from "./inspected.ts"
import { layersJson, layersText } from "./layers-view.ts"
import { inspectPull } from "./pull.ts"
import { inspectJson, inspectText, packagesText } from "./view.ts"
import { weighed } from "./weighed.ts"
import { namesLike, whyText } from "./why.ts"

/** Shows what is in an image. */
export async function inspect(context: Context, options: InspectOptions & { readonly image: string }): Promise<number> {
  const { io } = context
  requireOne(options)
  const { files, html } = options
  if (html !== undefined) {
    await (await import("./html/write.ts")).writePage(context, { ...options, html })
    return 0
  }
  if (files !== undefined) return await inspectFiles(context, { ...options, files })
  if (options.layers === true) {
    const found = await weighed(context, options.image, options)
    io.out(options.json === true ? json(layersJson(found)) : layersText(found, io))
    return 0
  }
  if (options.pull === true) return await inspectPull(context, options)
  const view = await inspected(context, options.image, options)
  const { items } = view.inventory
  if (options.why !== undefined) {
    const found = namesLike(items, options.why)
    if (found.length === 0)
      throw new Failure("no", `There is no \`${options.why}\` in ${view.name}`, {
        hint: `See all with \`nbstacks inspect ${options.image} --packages\``,
      })
    io.out(
      options.json === true
        ? json({ found: found.map((item) => ({ ...item, layer: item.layer + 1 })) })
        : whyText(view, found, io),
    )
  } else if (options.json === true) io.out(json(inspectJson(view)))
  else io.out(options.packages === true ? packagesText(items) : inspectText(view, io))
  return 0
}

/** Fails where several answers are asked for at once. */
function requireOne({ packages, layers, files, why, pull, html, json: asJson, ...options }: InspectOptions): void {
  const printed = html === undefined ? {} : { html, json: asJson }
  const answers = { packages, layers, files, why, pull, ...printed }
  const asked = Object.entries(answers).filter(([, value]) => value !== undefined)
  const { having, bandwidth, unpacking } = options
  if (pull !== true && [having, bandwidth, unpacking].some((one) => one !== undefined))
    throw new Failure("cannot", "`--having`, `--bandwidth` and `--unpacking` are for `--pull`", {
      hint: "Add `--pull`",
    })
  if (asked.length < 2) return
  const names = asked.map(([name]) => `\`--${name}\``)
  throw new Failure("cannot", `${names.join(" and ")} exclude each other`, { hint: "Ask for one at a time" })
}
