import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { dockerEngine } from "../../src/engines/docker/engine.ts"
import type { Job } from "../../src/engines/engine.ts"
import { makeHost } from "../../src/host/node/host.ts"
import { digestOf } from "../../src/oci/digest.ts"
import { graft } from "../../src/oci/graft.ts"
import { readImage, type Image } from "../../src/oci/image.ts"
import { decompress } from "../../src/oci/layer/decompress.ts"
import { openLayout, type Layout } from "../../src/oci/store/layout/layout.ts"
import { serveStore, type StoreServer } from "../../src/oci/store/server/serve.ts"
import type { Location } from "../../src/oci/store/store.ts"
import { readTar } from "../../src/oci/tar/reader.ts"
import type { Event } from "../../src/report/event.ts"
import type { DockerfileStep, FileEntry } from "../../src/tree/step.ts"
import { debianBase, platformOfHost, plainJob } from "../support/debian.ts"
import { startDocker, type TestDocker } from "../support/docker.ts"

const plain = makeHost(process.env)
const platform = platformOfHost(plain)
let docker: TestDocker
let folder: string
let store: Layout
let server: StoreServer
let parent: Location

beforeAll(async () => {
  docker = await startDocker()
  folder = await plain.files.makeTemporary("nbstacks-docker-test-")
  store = openLayout(join(folder, "store"), plain)
  server = await serveStore(store, plain, { port: 0 })
  parent = await debianBase(plain, store)
})

afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await docker?.[Symbol.asyncDispose]()
  if (folder !== undefined) await plain.files.remove(folder)
})

type Made = { readonly step: DockerfileStep; readonly job: Job; readonly events: Event[] }

/** A step and its job; `files` are the context, by path, and `link:` makes a link. */
function make(
  dockerfile: string,
  {
    files = {},
    step = {},
    job = {},
  }: { files?: Readonly<Record<string, string>>; step?: Partial<DockerfileStep>; job?: Partial<Job> } = {},
): Made {
  const contents = new Map([dockerfile, ...Object.values(files)].map((text) => [hex(text), text]))
  const context: FileEntry[] = Object.entries(files)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, text]) =>
      text.startsWith("link:")
        ? { path, executable: false, link: text.slice(5) }
        : { path, executable: path.endsWith(".sh"), sha256: hex(text) },
    )
  const events: Event[] = []
  return {
    events,
    step: {
      kind: "dockerfile",
      format: 1,
      dockerfile: hex(dockerfile),
      context,
      args: {},
      secrets: [],
      external: {},
      rows: {},
      urls: {},
      ...step,
    },
    job: plainJob(
      { store, repository: "child" },
      {
        image: "child",
        platform,
        parent,
        address: server.address,
        events,
        open: async function* (sha256) {
          yield Buffer.from(contents.get(sha256) ?? "")
        },
        ...job,
      },
    ),
  }
}

function hex(text: string): string {
  return digestOf(text).slice("sha256:".length)
}

/** Executes and grafts, as the builder does. */
async function built({ step, job }: Made): Promise<Image> {
  const engine = dockerEngine(docker.host)
  expect(await engine.can(step, platform)).toBe(true)
  const digest = await engine.execute(step, job)
  const result = { ...job.into, digest }
  return await readImage(store, "child", await graft(job.parent, result, job.into))
}

/** Paths and contents of all layers above the parent. */
async function added(
  image: Image,
): Promise<ReadonlyMap<string, { readonly text: string; readonly mode: number; readonly mtime: number }>> {
  const height = (await readImage(store, parent.repository, parent.digest)).layers.length
  const found = new Map<string, { text: string; mode: number; mtime: number }>()
  for (const { descriptor } of image.layers.slice(height))
    for await (const { header, content } of readTar(
      decompress(store.read("child", descriptor.digest), "a layer"),
      "a layer",
    )) {
      let text = header.link ?? ""
      for await (const chunk of content) text += Buffer.from(chunk).toString("latin1")
      found.set(header.path, { text, mode: header.mode, mtime: header.mtime })
    }
  return found
}

describe("Docker Engine", () => {
  test("builds a child with arguments, a target, a secret and files, on the parent's own layers", async () => {
    const value = `token-${plain.random(8)}`
    const made = make(
      [
        "ARG BASE=nothing.example/base:1",
        "FROM $BASE AS middle",
        "USER root",
        "ARG CLASS",
        "COPY . /srv/context",
        "RUN --mount=type=secret,id=token,target=/run/token sha256sum < /run/token > /srv/sum && echo class $CLASS",
        "FROM middle AS last",
        "RUN exit 7",
      ].join("\n"),
      {
        files: { "a.txt": "a", "sub/run.sh": "#!/bin/sh\n", "sub/to-a": "link:../a.txt", "sub/.dockerignore": "*" },
        step: { args: { CLASS: "phys0160" }, target: "middle", secrets: ["token"] },
        job: { secret: async () => Buffer.from(value) },
      },
    )
    const image = await built(made)
    const below = await readImage(store, parent.repository, parent.digest)
    expect(image.layers.slice(0, below.layers.length).map((layer) => layer.descriptor.digest)).toEqual(
      below.layers.map((layer) => layer.descriptor.digest),
    )
    const files = await added(image)
    expect(files.get("srv/sum")?.text).toBe(`${hex(value)}  -\n`)
    expect([...files.keys()].filter((path) => path.startsWith("srv/context")).sort()).toEqual([
      "srv/context",
      "srv/context/a.txt",
      "srv/context/sub",
      "srv/context/sub/.dockerignore",
      "srv/context/sub/run.sh",
      "srv/context/sub/to-a",
    ])
    expect(files.get("srv/context/sub/run.sh")).toEqual({ text: "#!/bin/sh\n", mode: 0o755, mtime: 315_532_800 })
    expect(files.get("srv/context/a.txt")).toEqual({ text: "a", mode: 0o644, mtime: 315_532_800 })
    expect(files.get("srv/context/sub/to-a")?.text).toBe("../a.txt")
    // The value is in no layer, in no history, and in no line of the output.
    const all = JSON.stringify([image, [...files], made.events])
    expect(all).not.toContain(value)
    expect(all).toContain("class phys0160")
    // Nothing is left behind: no tag and no image.
    expect(await Array.fromAsync(store.tags("child"))).toEqual([])
    const names = await docker.docker("image", "ls", "--format", "{{.Repository}}")
    expect(names.split("\n")).not.toContain(`${server.address}/child`)
  })

  test("installs with apt and, through the host's certificates, with pip", async () => {
    const image = await built(
      make(
        [
          "FROM base",
          "USER root",
          "RUN apt-get update -qq && apt-get install -qq --no-install-recommends less",
          "RUN --mount=type=secret,id=ca_bundle,target=/run/ca.pem \\",
          "    python3 -m venv /opt/env && PIP_CERT=/run/ca.pem /opt/env/bin/pip install --quiet six==1.16.0",
          "USER 1000:100",
        ].join("\n"),
      ),
    )
    const files = await added(image)
    expect(files.has("usr/bin/less")).toBe(true)
    expect([...files.keys()].some((path) => path.endsWith("site-packages/six.py"))).toBe(true)
    expect(image.config).toMatchObject({ User: "1000:100", Entrypoint: ["tini", "-g", "--"] })
    expect(files.get("run/ca.pem")?.text ?? "").toBe("")
  })

  test("copies from another row", async () => {
    const image = await built(
      make("FROM base\nCOPY --from=tools /etc/debian_version /srv/tools\n", {
        step: { rows: { tools: "tools" } },
        job: { rows: { tools: parent } },
      }),
    )
    expect((await added(image)).get("srv/tools")?.text).toMatch(/^12\./)
  })

  test("a failing RUN gives its last lines", async () => {
    const { step, job } = make("FROM base\nRUN echo before && echo 'the reason' >&2 && exit 3\n")
    await expect(dockerEngine(docker.host).execute(step, job)).rejects.toMatchObject({
      code: "no",
      message: `Docker could not build \`child\` for ${platform}`,
      detail: expect.stringContaining("the reason"),
    })
    expect(await Array.fromAsync(store.tags("child"))).toEqual([])
  })

  test("an interrupted build ends its RUN", async () => {
    const abort = new AbortController()
    // No other process on this machine sleeps for so long.
    const sleep = `sleep 3600.${Number.parseInt(plain.random(4), 16)}`
    const running = async (): Promise<string> =>
      (await plain.run({ argv: ["pgrep", "--full", "--exact", sleep.replace(".", "\\.")] })).stdout
    const started = Promise.withResolvers<void>()
    const { step, job } = make(`FROM base\nRUN echo started && exec ${sleep}\n`, {
      job: {
        signal: abort.signal,
        report: (event) => {
          if (event.kind === "output" && /^#\d+ [\d.]+ started/.test(event.line)) started.resolve()
        },
      },
    })
    const result = dockerEngine(docker.host)
      .execute(step, job)
      .catch((error: unknown) => error)
    await started.promise
    await expect.poll(running, { timeout: 20_000 }).not.toBe("")
    abort.abort()
    expect(await result).toMatchObject({ name: "AbortError" })
    await expect.poll(running, { timeout: 20_000 }).toBe("")
  })

  test("a refresh value passes by the cache", async () => {
    const dockerfile = "FROM base\nRUN head -c 20 /dev/urandom | sha256sum > /tmp/value\n"
    const value = async (refresh: string): Promise<string | undefined> =>
      (await added(await built(make(dockerfile, { step: { refresh } })))).get("tmp/value")?.text
    const first = await value("one")
    expect(await value("one")).toBe(first)
    expect(await value("two")).not.toBe(first)
  })

  test("what ADD downloads has to be what is locked", async () => {
    const file = await plain.serve(async () => ({ status: 200, body: "today" }), { port: 0 })
    await using _file = file
    const url = `http://127.0.0.1:${file.port}/data`
    const add = (sha256: string): Made =>
      make(`FROM base\nADD ${url} /srv/data\n`, { step: { urls: { [url]: sha256 } } })
    expect((await added(await built(add(hex("today"))))).get("srv/data")?.text).toBe("today")
    const wrong = add(hex("yesterday"))
    await expect(dockerEngine(docker.host).execute(wrong.step, wrong.job)).rejects.toMatchObject({
      code: "no",
      hint: expect.stringContaining("nbstacks lock --upgrade"),
    })
  })
})
