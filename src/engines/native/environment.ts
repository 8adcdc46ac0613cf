import { z } from "zod"
import { Failure } from "../../failure.ts"
import { canonicalJson } from "../../oci/canonical-json.ts"
import type { Image } from "../../oci/image.ts"
import type { Merged } from "../../oci/merged.ts"
import { environmentLabel } from "../../tree/labels.ts"
import type { Prefix } from "../../tree/step.ts"
import { findPython } from "./find-python.ts"
import { placeOf } from "./place.ts"
import { libraryOf, systemPackages } from "./system-packages.ts"

/** The environment that packages go into. `create` names the interpreter for which it has to be made first. */
export type Environment = { readonly prefix: Prefix; readonly create: string | undefined }

/** Where the environment of an image is made when it has none. */
const usualPrefix = "/opt/env"

const Label: z.ZodType<Prefix> = z.object({
  path: z.string().regex(/^(?:\/[\w.+-]*[\w+-][\w.+-]*)+$/),
  kind: z.enum(["venv", "conda"]),
  python: z.string().regex(/^3\.\d{1,3}(?:\.\d{1,3})?$/),
  abi: z.literal("t").optional(),
  glibc: z
    .string()
    .regex(/^2\.\d{1,3}$/)
    .optional(),
  musl: z
    .string()
    .regex(/^1\.\d{1,3}$/)
    .optional(),
})

/**
 * Finds the environment of an image from its files and settings, never by executing anything: the label that
 * nbstacks writes, else what is first on `PATH`, which is conda's, a venv's, or the system's Python. On the system's
 * a venv will be made. Fails with `no` when there is none that packages could go into (design, decision 8).
 */
export async function findEnvironment(image: Image, merged: Merged, name: string): Promise<Environment> {
  const found = await lookedFor(image, merged, name)
  return { ...found, prefix: { ...found.prefix, path: realPath(found.prefix.path, merged) } }
}

/**
 * Where an environment really is: its own folder and those above may be links, which a header in a layer would replace
 * with an empty folder (reference: pitfalls of layers).
 */
function realPath(path: string, merged: Merged): string {
  const real = merged.resolve(path)
  return real?.kind === "directory" ? `/${real.path}` : `/${placeOf(path, merged)}`
}

async function lookedFor(image: Image, merged: Merged, name: string): Promise<Environment> {
  const label = image.config.Labels?.[environmentLabel]
  if (label !== undefined) return { prefix: labelled(label, merged, name), create: undefined }
  const packages = await systemPackages(merged)
  const python = await findPython(merged, { env: image.config.Env ?? [], packages, name })
  const versions = {
    python: python.version,
    ...(python.abi === undefined ? {} : { abi: python.abi }),
    ...(await libraryOf(packages, merged)),
  }
  if (python.kind !== "system") {
    return { prefix: { path: python.prefix, kind: python.kind, ...versions }, create: undefined }
  }
  if ((merged.list(usualPrefix)?.length ?? 0) > 0) {
    throw new Failure(
      "no",
      `The parent of \`${name}\` has a folder ${usualPrefix} that is no environment on its PATH`,
      {
        hint: `Put ${usualPrefix}/bin first on PATH if it is one, or remove it`,
      },
    )
  }
  return { prefix: { path: usualPrefix, kind: "venv", ...versions }, create: python.interpreter }
}

/** The label of an environment, as text. */
export function environmentText(prefix: Prefix): string {
  return canonicalJson(prefix)
}

/** The environment that the label of an image says, without looking at its files; undefined where it says none. */
export function environmentSaid(image: Image): Prefix | undefined {
  const label = image.config.Labels?.[environmentLabel]
  try {
    const parsed = Label.safeParse(JSON.parse(label ?? ""))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}

function labelled(label: string, merged: Merged, name: string): Prefix {
  let value: unknown
  try {
    value = JSON.parse(label)
  } catch {
    value = undefined
  }
  const parsed = Label.safeParse(value)
  if (!parsed.success) {
    throw new Failure("no", `The parent of \`${name}\` has a label ${environmentLabel} that is no environment`, {
      detail: label.slice(0, 400),
      hint: "Images that nbstacks made have it: build the parent anew, or take the label off it",
    })
  }
  if (merged.resolve(`${parsed.data.path}/bin/python`)?.kind !== "file") {
    throw new Failure(
      "no",
      `The parent of \`${name}\` has no ${parsed.data.path}/bin/python, although its label says so`,
      {
        hint: `What was built on the environment removed it: keep ${parsed.data.path}, or build on an image before that`,
      },
    )
  }
  return parsed.data
}
