import { dirname, join } from "node:path"
import { startBuildkit } from "../../test/support/buildkit.ts"
import { uvProgram } from "../../test/support/native.ts"
import { measure } from "../measure.ts"
import type { Inputs } from "./inputs.ts"
import type { Sent, Yard } from "./yard.ts"

/** How a Dockerfile installs the environment, and how BuildKit compresses the layer. */
export type Way = {
  readonly tool: "uv" | "uv --compile-bytecode" | "pip"
  readonly compression: "gzip" | "zstd"
}

/** A BuildKit that has the base and the wheels, but has not built anything. */
export type Peer = AsyncDisposable & {
  /** As the table says it. */
  readonly by: string
  /** Builds the environment as one `RUN` on the base and pushes it as this repository, with the tag `1`. */
  build(repository: string, requirements: string): Promise<Sent>
}

/** Where uv's cache is mounted; said to it, since `HOME` of the base is not root's. */
const cache = "/var/cache/uv"

/** pip keeps no cache, for which wheels on the disk leave nothing to do; uv has its cache in a mount that stays. */
function install(tool: Way["tool"]): string {
  const options = "--no-index --find-links /wheels --no-deps --require-hashes -r /context/requirements.txt"
  if (tool === "pip") return `/opt/env/bin/pip install --no-cache-dir ${options}`
  const more = tool === "uv" ? "" : " --compile-bytecode"
  return `/uv/uv pip install --cache-dir ${cache} --link-mode copy${more} --python /opt/env/bin/python ${options}`
}

function dockerfile(base: string, command: string): string {
  const mounts = [
    "--mount=type=bind,target=/context",
    "--mount=type=bind,from=wheels,target=/wheels",
    "--mount=type=bind,from=uv,target=/uv",
    `--mount=type=cache,target=${cache}`,
  ]
  return `FROM ${base}
USER root
RUN ${mounts.join(" ")} ${command}
USER 1000:100
ENV PATH=/opt/env/bin:$PATH
`
}

/** Starts BuildKit and lets it fetch the base and read the wheels, which is not measured. */
export async function openPeer(yard: Yard, inputs: Inputs, way: Way): Promise<Peer> {
  const { host } = yard
  const buildkit = await startBuildkit(host)
  const folder = await host.files.makeTemporary("nbstacks-peer-")
  const close = async (): Promise<void> => {
    await buildkit[Symbol.asyncDispose]()
    await host.files.remove(folder)
  }
  try {
    const uv = dirname(await uvProgram(host))
    await host.files.write(join(folder, "requirements.txt"), "")
    await host.files.write(join(folder, "Dockerfile"), dockerfile(yard.base, "ls -R /wheels /uv > /dev/null"))
    await buildkit.buildctl(...request(folder, { wheels: inputs.wheels, uv }))
    await host.files.write(
      join(folder, "Dockerfile"),
      dockerfile(yard.base, `python3 -m venv /opt/env && ${install(way.tool)}`),
    )
    const by = `BuildKit ${buildkit.version}, ${way.tool}, ${way.compression}`
    return {
      by,
      async build(repository, requirements) {
        await host.files.write(join(folder, "requirements.txt"), requirements)
        const output = `type=image,name=${yard.address}/${repository}:1,push=true,oci-mediatypes=true,compression=${way.compression}`
        const argv = buildkit.command(...request(folder, { wheels: inputs.wheels, uv, output }))
        return await yard.sending(by, () => measure(host, { argv }))
      },
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

type Contexts = { readonly wheels: string; readonly uv: string; readonly output?: string }

function request(folder: string, { wheels, uv, output }: Contexts): readonly string[] {
  const local = { context: folder, dockerfile: folder, wheels, uv }
  return [
    "build",
    "--progress=plain",
    "--frontend=dockerfile.v0",
    ...Object.entries(local).flatMap(([name, path]) => ["--local", `${name}=${path}`]),
    ...["wheels", "uv"].flatMap((name) => ["--opt", `context:${name}=local:${name}`]),
    ...(output === undefined ? [] : ["--output", output]),
  ]
}
