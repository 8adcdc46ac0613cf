import { posix } from "node:path"
import { platformFields, platformOf, type Platform } from "../oci/platform.ts"
import { readGrowth, readSize } from "./amounts.ts"
import type { Judge } from "./judge.ts"
import type { Draft } from "./overrides.ts"
import type { Places } from "./places.ts"
import { readChecks } from "./read-checks.ts"
import { readFiles } from "./read-files.ts"
import { createReader, type Reader } from "./reader.ts"
import type { Make, Row } from "./row.ts"
import type { WrittenEnvironment, WrittenFields } from "./schema/written.ts"
import { placeholdersOf } from "./template.ts"

/** Bounds where none are written: bytes of a layer, number of an image's own layers. */
const defaultBudget = { layer: 800_000_000, layers: 40 } as const

/** Whether packages get bytecode where nothing says so: docs/decisions/0064 has the figures. */
const defaultBytecode = "none"

/** The row of a draft, all `{axis}` filled in. Its platforms are its own or `inherited`. */
export function readRow(
  draft: Draft,
  inherited: readonly Platform[],
  { places, judge }: { places: Places; judge: Judge },
): Row {
  const { fields, axes } = draft
  const reader = createReader(axes, { places, judge })
  const texts = (container: Readonly<Record<string, string>> | undefined): Record<string, string> =>
    container === undefined
      ? {}
      : Object.fromEntries(Object.keys(container).map((name) => [name, reader.text(container, name)]))
  const words = (list: readonly string[] | undefined): readonly string[] | undefined =>
    list?.map((_, index) => reader.text(list, index))
  return {
    id: draft.id,
    key: draft.key,
    at: draft.at,
    repository: fields.name === undefined ? draft.key : reader.text(fields, "name"),
    prefix: fields.prefix === undefined ? defaultPrefix(draft) : reader.text(fields, "prefix"),
    axes,
    parent: draft.parent ?? { kind: "none" },
    make: readMake(fields, reader),
    files: fields.files === undefined ? [] : readFiles(fields.files, reader),
    env: texts(fields.env),
    labels: texts(fields.labels),
    user: fields.user,
    workdir: fields.workdir === undefined ? undefined : reader.inImage(fields, "workdir"),
    entrypoint: words(fields.entrypoint),
    command: words(fields.command),
    platforms: fields.platforms?.map(readPlatform) ?? inherited,
    checks: readChecks(fields.checks ?? {}, reader),
    budget: {
      layer: fields.budget?.layer === undefined ? defaultBudget.layer : readSize(fields.budget.layer),
      layers: fields.budget?.layers ?? defaultBudget.layers,
      image: fields.budget?.image === undefined ? undefined : readSize(fields.budget.image),
      grow: fields.budget?.grow === undefined ? undefined : readGrowth(fields.budget.grow),
      asked: {
        layer: fields.budget?.layer === undefined ? undefined : readSize(fields.budget.layer),
        layers: fields.budget?.layers,
      },
    },
    publish: fields.publish ?? "together",
    ...(fields.consumers === undefined ? {} : { consumers: fields.consumers }),
  }
}

/** One spelling for each platform: `linux/arm64/v8` is `linux/arm64`. */
export function readPlatform(text: string): Platform {
  return platformOf(platformFields(text as Platform))
}

function defaultPrefix({ fields, axes }: Draft): string {
  const named = fields.name === undefined ? [] : placeholdersOf(fields.name)
  return Object.entries(axes)
    .filter(([name]) => !named.includes(name))
    .map(([, value]) => value)
    .join("-")
}

function readMake(fields: WrittenFields, reader: Reader): Make {
  const { bootstrap, environment } = fields
  if (bootstrap !== undefined) {
    const packages = bootstrap.packages ?? []
    const names = packages.map((_, index) => reader.text(packages, index))
    return { kind: "bootstrap", suite: reader.text(bootstrap, "suite"), packages: [...new Set(names)] }
  }
  if (fields.dockerfile !== undefined) {
    const file = reader.inner(fields, "dockerfile")
    return {
      kind: "dockerfile",
      file,
      context: fields.context === undefined ? posix.dirname(file.value) : reader.inner(fields, "context").value,
      target: fields.target === undefined ? undefined : reader.text(fields, "target"),
      args: readArguments(fields, reader),
      secrets: [...new Set(fields.secrets)].sort(),
    }
  }
  if (environment === undefined) return { kind: "none" }
  const { bytecode = defaultBytecode, compression = "gzip" } = fields
  if (typeof environment === "string")
    return { kind: "environment", folders: [reader.inner(fields, "environment")], bytecode, compression }
  const named: WrittenEnvironment = "folders" in environment ? environment : { folders: environment }
  const { folders } = named
  return {
    kind: "environment",
    folders:
      typeof folders === "string"
        ? [reader.inner(named, "folders")]
        : folders.map((_, index) => reader.inner(folders, index)),
    bytecode,
    compression,
    ...(named.replace === true ? { replace: true } : {}),
  }
}

function readArguments({ args }: WrittenFields, reader: Reader): Readonly<Record<string, string>> {
  return args === undefined ? {} : Object.fromEntries(Object.keys(args).map((name) => [name, reader.text(args, name)]))
}
