import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import { copyManifest } from "../../src/oci/copy.ts"
import { digestOf } from "../../src/oci/digest.ts"
import { readImage } from "../../src/oci/image.ts"
import { openLayout } from "../../src/oci/store/layout/layout.ts"
import { openRegistry } from "../../src/oci/store/registry/registry.ts"
import { findCrane } from "../support/crane.ts"
import { debianBase } from "../support/debian.ts"
import { startDocker, type TestDocker } from "../support/docker.ts"
import { commit, exampleRequirement, publish, type Published } from "../support/examples.ts"
import { must, readByGnu, runByBuildah } from "../support/readers.ts"
import { startRegistry, type RunningRegistry } from "../support/registry.ts"
import { openSandbox, type Sandbox } from "../support/sandbox.ts"
import { wheelOf } from "../support/wheels.ts"

const host = makeHost(process.env)
const rows = ["native", "grafted"] as const
const demo = wheelOf({ name: "demo", version: "1.0", members: [{ path: "demo.py", content: "answer = 42\n" }] })

/** NumPy, the pip with which a Dockerfile on top changes what is installed, and what it takes away. */
async function environmentText(): Promise<string> {
  const list = await host.files.readText(fileURLToPath(new URL("../wheels/image.txt", import.meta.url)))
  const others = ["pip", "pluggy"].map((name) => new RegExp(`^${name}==.*$`, "m").exec(list)?.[0] ?? "")
  return [await exampleRequirement(host, "quickstart/images/science", "numpy"), ...others, ""].join("\n")
}
const crane = await findCrane(host)

let docker: TestDocker
let registry: RunningRegistry
let sandbox: Sandbox
let folder: string
let published: Published

beforeAll(async () => {
  docker = await startDocker()
  registry = await startRegistry(host)
  folder = await host.files.makeTemporary("nbstacks-consumers-")
  const made = await debianBase(host, openLayout(join(folder, "store"), host))
  const store = openRegistry(registry.address, host, {})
  await copyManifest(made, { store, repository: "debian" })
  await store.tag("debian", "1", made.digest)
  sandbox = await openSandbox(host, { DOCKER_HOST: docker.address })
  await sandbox.write({
    "nbstacks.yaml": `version: 1
registry: ${registry.address}
defaults: {checks: {profile: none}}
images:
  native:
    from: ${registry.address}/debian:1
    environment: environment
    files: [{from: note.txt, to: /srv/note.txt}]
    env: {GREETING: hello}
    checks: {imports: [numpy]}
  grafted: {from: native, dockerfile: Dockerfile}
  changed: {from: native, dockerfile: changed/Dockerfile}
`,
    "environment/requirements.txt": await environmentText(),
    "changed/Dockerfile": `FROM native
USER root
COPY ${demo.filename} /srv/
RUN python -m pip install --no-index --no-deps /srv/${demo.filename} && python -m pip uninstall --yes pluggy && python -m pip check
USER 1000:100
`,
    "note.txt": "a note\n",
    Dockerfile: `FROM native
USER root
RUN python -c 'import numpy; print(numpy.arange(4).sum())' > /srv/sum && rm /srv/note.txt && ln -s sum /srv/link
USER 1000:100
`,
  })
  await host.files.write(join(sandbox.folder, "changed", demo.filename), demo.bytes)
  await sandbox.git("init", "-q", "-b", "main")
  const lock = await sandbox.nbstacks("lock")
  if (lock.code !== 0) throw new Error(lock.stderr)
  await commit(sandbox, "Begin")
  published = await publish(sandbox)
  if (published.code !== 0) throw new Error(published.stderr)
})

afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]()
  await registry?.[Symbol.asyncDispose]()
  await docker?.[Symbol.asyncDispose]()
  if (folder !== undefined) await host.files.remove(folder)
})

function referenceOf(row: string): string {
  return published.images.find(({ image }) => image === row)?.reference ?? ""
}

/** What a container of each row prints: its user, its environment, and that a compiled module works. */
const script = [
  "id -u; id -g; echo $GREETING; pwd; cat /srv/note.txt /srv/link 2>/dev/null",
  "python -c 'import numpy; print(numpy.linspace(0, 1, 3).tolist())'",
].join("; ")
const printed = {
  native: "1000\n100\nhello\n/home/jovyan\na note\n[0.0, 0.5, 1.0]\n",
  grafted: "1000\n100\nhello\n/home/jovyan\n6\n[0.0, 0.5, 1.0]\n",
} as const

describe.each(rows)("the %s image", (row) => {
  test("is pulled and started by Docker", async () => {
    const reference = referenceOf(row)
    await docker.docker("pull", "--quiet", reference)
    expect(await docker.docker("run", "--rm", reference, "sh", "-c", script)).toBe(printed[row])
    await docker.docker("image", "rm", reference)
  })

  test("is pulled and started by Podman", async () => {
    const root = join(folder, `podman-${row}`)
    const own = ["--root", root, "--runroot", join(folder, `run-${row}`)]
    const podman = ["podman", ...own, "--runtime", "runc", "--cgroup-manager", "cgroupfs"] as [string, ...string[]]
    const reference = referenceOf(row)
    try {
      await must(host, ...podman, "pull", "--quiet", "--tls-verify=false", reference)
      const limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", "--network", "none"]
      expect(await must(host, ...podman, "run", "--rm", ...limits, reference, "sh", "-c", script)).toBe(printed[row])
    } finally {
      await must(host, ...podman, "rmi", "--all", "--force")
      // Podman mounts its own storage on itself.
      await host.run({ argv: ["umount", "--lazy", join(root, "overlay")] })
    }
  })

  test("is copied by skopeo as it is, to a layout and to another registry, and unpacked by umoci", async () => {
    const reference = referenceOf(row)
    const digest = reference.split("@")[1] ?? ""
    const layout = join(folder, `layout-${row}`)
    const source = `docker://${reference}`
    await must(host, "skopeo", "copy", "--quiet", "--src-tls-verify=false", source, `oci:${layout}:copy`)
    expect(digestOf(await must(host, "skopeo", "inspect", "--raw", `oci:${layout}:copy`))).toBe(digest)
    await using other = await startRegistry(host)
    const target = `docker://${other.address}/copied/${row}:1`
    await must(host, "skopeo", "copy", "--quiet", "--src-tls-verify=false", "--dest-tls-verify=false", source, target)
    expect(digestOf(await must(host, "skopeo", "inspect", "--raw", "--tls-verify=false", target))).toBe(digest)

    const bundle = join(folder, `bundle-${row}`)
    await must(host, "umoci", "unpack", "--image", `${layout}:copy`, bundle)
    const root = join(bundle, "rootfs")
    const [library] = ((await host.files.list(join(root, "opt/env/lib"))) ?? []).map(({ name }) => name)
    const module = join(root, "opt/env/lib", library ?? "", "site-packages/numpy/__init__.py")
    // As the image says: group users may write, and the system belongs to root.
    expect(await host.files.stat(module)).toMatchObject({ kind: "file", gid: 100, mode: 0o664 })
    expect(await host.files.stat(join(root, "usr/bin/env"))).toMatchObject({ uid: 0, gid: 0, mode: 0o755 })
    expect(await host.files.stat(join(root, "srv/note.txt"))).toEqual(
      row === "native" ? expect.objectContaining({ kind: "file" }) : undefined,
    )
    expect(await host.files.readLink(join(root, "srv/link"))).toBe(row === "native" ? undefined : "sum")
  })

  test("is pulled and started by Buildah", async () => {
    const from = { image: `docker://${referenceOf(row)}`, storage: join(folder, `b-${row}`) }
    const program = "import numpy; print(numpy.linspace(0, 1, 3).tolist())"
    expect(await runByBuildah(host, from, "python", "-c", program)).toBe("[0.0, 0.5, 1.0]\n")
  })

  test("has layers that GNU gzip and tar read as we do", async () => {
    const [repository = "", digest = ""] = referenceOf(row)
      .slice(registry.address.length + 1)
      .split("@")
    const image = await readImage(openRegistry(registry.address, host, {}), repository, digest)
    for (const layer of image.layers) {
      const { theirs, ours } = await readByGnu(host, layer, { file: join(folder, `blob-${row}`), inflate: "gzip" })
      expect(theirs).toEqual(ours)
    }
  })

  test("is accepted by `crane validate`", async () => {
    const { code, stdout, stderr } = await host.run({
      argv: [crane, "validate", "--remote", referenceOf(row)],
      timeout: 300_000,
    })
    expect([code, stdout + stderr]).toEqual([0, expect.stringContaining("PASS")])
  })
})

test("a Dockerfile on top installs and uninstalls with pip", async () => {
  const reference = referenceOf("changed")
  await docker.docker("pull", "--quiet", reference)
  const program = "import demo, importlib.util; print(demo.answer, importlib.util.find_spec('pluggy'))"
  expect(await docker.docker("run", "--rm", reference, "python", "-c", program)).toBe("42 None\n")
  await docker.docker("image", "rm", reference)
})
