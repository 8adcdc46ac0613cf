import { join } from "node:path"
import { z } from "zod"
import { cacheFolder } from "../../files/cache-folder.ts"
import type { Host } from "../../host/host.ts"
import { readKept, writeKept } from "../../kept-text.ts"
import { parseIni } from "./ini.ts"
import { machinePython, type MachinePython } from "./machine-python.ts"
import { pythonString } from "./python-literal.ts"

/** What pip is configured with, by option name without dashes in front: `index-url`, `find-links`, `cert`. */
export type PipSettings = ReadonlyMap<string, string>

type PipHost = Pick<Host, "run" | "env" | "files" | "machine">

/** What a slow machine may take to start pip, in milliseconds. */
const patience = 60_000

/**
 * pip's configuration: the files that it reads, and `PIP_*`. Where `python3` is a script that chooses a Python, what
 * `pip config list` says, since only that knows which. A command's own section counts before `global`, the environment
 * before both.
 */
export async function readPipSettings(host: PipHost, signal: AbortSignal): Promise<PipSettings> {
  const python = await machinePython(host)
  const listed = python === undefined ? await runPip(host, ["config", "list"], signal) : undefined
  if (listed !== undefined) return parsePipConfigList(listed)
  const settings = new Map<string, string>()
  for (const path of configFiles(host, python)) {
    const text = await host.files.readText(path).catch(() => "")
    const sections = parseIni(text)
    for (const section of ["global", "install"]) {
      for (const [key, value] of sections.get(section) ?? []) settings.set(key.replaceAll("_", "-"), value)
    }
  }
  for (const [name, value] of Object.entries(host.env)) {
    if (name.startsWith("PIP_") && value !== undefined && value !== "") settings.set(optionName(name.slice(4)), value)
  }
  return settings
}

/** The lines of `pip config list`: `global.index-url='…'`, `install.…`, `:env:.…`. */
export function parsePipConfigList(text: string): PipSettings {
  const found: { rank: number; key: string; value: string }[] = []
  for (const line of text.split("\n")) {
    const match = /^(global|install|:env:)\.([A-Za-z0-9_-]+)=(.*)$/.exec(line.trim())
    if (match === null) continue
    const [, section = "", key = "", value = ""] = match
    found.push({
      rank: ["global", "install", ":env:"].indexOf(section),
      key: optionName(key),
      value: pythonString(value),
    })
  }
  return new Map(found.sort((a, b) => a.rank - b.rank).map(({ key, value }) => [key, value]))
}

/**
 * The index that pip uses when nothing is configured, as its own help states it; undefined without a pip. So no
 * index's name stands in this program. It is kept in the user's cache, since asking takes half a second.
 */
export async function pipDefaultIndex(host: PipHost, signal: AbortSignal): Promise<string | undefined> {
  const python = await machinePython(host)
  const stat = python === undefined ? undefined : await host.files.stat(python.program)
  const file = join(cacheFolder(host), "pythons", "default-index.json")
  const of = stat === undefined ? undefined : `${python?.program} ${stat.size} ${stat.mtime}`
  const text = of === undefined ? undefined : await readKept(host, file)
  const kept = text === undefined ? undefined : Kept.safeParse(JSON.parse(text))
  if (kept?.success === true && kept.data.of === of) return kept.data.index
  const help = await runPip(host, ["install", "--help"], signal)
  const index = /--index-url\b[\s\S]*?\(default:?\s+(https?:\/\/[^\s)]+)\)/.exec(help ?? "")?.[1]
  if (of !== undefined && index !== undefined)
    await writeKept(host, file, JSON.stringify({ of, index })).catch(() => undefined)
  return index
}

const Kept = z.object({ of: z.string(), index: z.url() })

/** Runs pip, as `python3 -m pip` or as `pip`. Undefined when neither works. */
async function runPip(host: PipHost, args: readonly string[], signal: AbortSignal): Promise<string | undefined> {
  const env = {
    ...host.env,
    COLUMNS: "1000",
    PIP_NO_COLOR: "1",
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
    PYTHONIOENCODING: "utf-8",
  }
  for (const start of [["python3", "-m", "pip"] as const, ["pip"] as const]) {
    try {
      const { code, stdout } = await host.run({ argv: [...start, ...args], env, signal, timeout: patience })
      if (code === 0) return stdout
    } catch {
      signal.throwIfAborted()
    }
  }
  return undefined
}

/** https://pip.pypa.io/en/stable/topics/configuration/#location, the least important first. */
function configFiles({ env, machine }: PipHost, python: MachinePython | undefined): string[] {
  const own = env["PIP_CONFIG_FILE"]
  if (own === "/dev/null") return []
  const shared = (env["XDG_CONFIG_DIRS"] ?? "/etc/xdg").split(":").filter((folder) => folder !== "")
  const user = env["XDG_CONFIG_HOME"] ?? join(machine.home, ".config")
  const environment = env["VIRTUAL_ENV"]
  return [
    ...shared.toReversed().map((folder) => join(folder, "pip", "pip.conf")),
    "/etc/pip.conf",
    join(machine.home, ".pip", "pip.conf"),
    join(user, "pip", "pip.conf"),
    ...(python === undefined ? [] : [join(python.prefix, "pip.conf")]),
    ...(environment === undefined || environment === python?.prefix ? [] : [join(environment, "pip.conf")]),
    ...(own === undefined ? [] : [own]),
  ]
}

function optionName(name: string): string {
  const option = name.toLowerCase().replaceAll("_", "-")
  return option === "default-timeout" ? "timeout" : option
}
