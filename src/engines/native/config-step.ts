import { Failure } from "../../failure.ts"
import type { RunConfig } from "../../oci/manifest.ts"
import type { ConfigStep } from "../../tree/step.ts"

/**
 * The settings of an image after a `config` step: `env` merges, and `${NAME}` in a value is what the parent has;
 * labels merge; user, folder and command replace; a new entrypoint clears the inherited command.
 * Fails with `no` when a value uses a variable that the parent does not set.
 */
export function configured(config: RunConfig, step: ConfigStep, name: string): RunConfig {
  const labels = { ...config.Labels, ...step.labels }
  const env = mergedEnv(config.Env ?? [], step.env, name)
  return {
    ...config,
    ...(env.length === 0 ? {} : { Env: env }),
    ...(Object.keys(labels).length === 0 ? {} : { Labels: labels }),
    ...(step.user === undefined ? {} : { User: step.user }),
    ...(step.workdir === undefined ? {} : { WorkingDir: step.workdir }),
    ...(step.entrypoint === undefined ? {} : { Entrypoint: step.entrypoint, Cmd: undefined }),
    ...(step.command === undefined ? {} : { Cmd: step.command }),
  }
}

/** `NAME=value` lines: known names keep their place, new ones follow in the order of their names. */
function mergedEnv(env: readonly string[], changes: Readonly<Record<string, string>>, name: string): readonly string[] {
  const values = new Map(env.map((line) => [line.split("=", 1)[0] ?? "", line.slice(line.indexOf("=") + 1)]))
  const parent = new Map(values)
  for (const [variable, value] of Object.entries(changes).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const filled = value.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, used: string) => {
      const found = parent.get(used)
      if (found !== undefined) return found
      throw new Failure(
        "no",
        `\`env\` of \`${name}\` sets ${variable} from \${${used}}, which its parent does not set`,
        {
          hint: `Write the value of ${variable} without \${${used}}`,
        },
      )
    })
    values.set(variable, filled)
  }
  return [...values].map(([variable, value]) => `${variable}=${value}`)
}

/** The settings with a folder first on `PATH` and `VIRTUAL_ENV` set, where it is a venv. */
export function withEnvironment(
  config: RunConfig,
  prefix: { readonly path: string; readonly kind: string },
): RunConfig {
  const folder = `${prefix.path}/bin`
  const usual = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
  const path = config.Env?.find((line) => line.startsWith("PATH="))?.slice("PATH=".length) ?? usual
  const rest = path.split(":").filter((part) => part !== folder)
  const changes = { PATH: [folder, ...rest].join(":"), ...(prefix.kind === "venv" ? { VIRTUAL_ENV: prefix.path } : {}) }
  return { ...config, Env: mergedEnv(config.Env ?? [], changes, "") }
}
