import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import type { Host } from "../src/host/host.ts"
import { openRegistry } from "../src/oci/store/registry/registry.ts"
import { writeImage } from "../src/oci/write-image.ts"
import { debianImage } from "../test/support/native.ts"
import { startRegistry } from "../test/support/registry.ts"
import { openSandbox, program, type Sandbox } from "../test/support/sandbox.ts"
import { measure, summary, type Measured, type Run } from "./measure.ts"

const runs = 3
const notebook = resolve(import.meta.dirname, "../examples/quickstart/images/notebook/requirements.txt")

/** Environments become layers: a real one, and one wheel of two gigabytes; wheels are on the disk. */
export async function environments(host: Host): Promise<readonly Measured[]> {
  await using registry = await startRegistry(host)
  const store = openRegistry(registry.address, host, {})
  const { digest } = await writeImage(debianImage(), { store, repository: "debian" })
  await store.tag("debian", "1", digest)
  const parent = `${registry.address}/debian:1`
  return [...(await realEnvironment(host, parent)), ...(await largeWheel(host, parent))]
}

function configuration(parent: string): string {
  return `version: 1\nimages:\n  all: {from: "${parent}", environment: environment, checks: {profile: none}}\n`
}

async function realEnvironment(host: Host, parent: string): Promise<readonly Measured[]> {
  await using sandbox = await openSandbox(host)
  await sandbox.write({
    "nbstacks.yaml": configuration(parent),
    "environment/requirements.txt": await host.files.readText(notebook),
  })
  const wheels = new Set((await host.files.readText(notebook)).match(/^[A-Za-z0-9].*==/gm)).size
  const name = `environment of ${wheels} locked packages, wheels on the disk, into the local store`
  return [summary({ name, by: "nbstacks", goal: "300 MB" }, await coldRuns(host, sandbox))]
}

/** Bytes that do not compress, in three members, stored and deflated: what accelerators' libraries look like. */
const makeWheel = `
import base64, hashlib, os, sys, zipfile
path, size = sys.argv[1], 2_000_000_000
record = []
with zipfile.ZipFile(path, "w") as archive:
    for name, how, share in (("big/a.so", 8, 750), ("big/b.so", 0, 650), ("big/c.so", 8, 600)):
        info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        info.compress_type, info.external_attr = how, 0o100644 << 16
        info.file_size = size // 2000 * share
        info._compresslevel = 1
        with archive.open(info, "w", force_zip64=True) as out:
            left, hashed = info.file_size, hashlib.sha256()
            while left:
                piece = os.urandom(min(left, 1 << 19)) + bytes(min(left, 1 << 19))
                piece = piece[:left]
                out.write(piece)
                hashed.update(piece)
                left -= len(piece)
        digest = base64.urlsafe_b64encode(hashed.digest()).decode().rstrip("=")
        record.append(f"{name},sha256={digest},{info.file_size}\\n")
    info = "big-1.0.dist-info/"
    lines = []
    for name, text in (
        ("METADATA", "Metadata-Version: 2.1\\nName: big\\nVersion: 1.0\\n"),
        ("WHEEL", "Wheel-Version: 1.0\\nGenerator: bench\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"),
    ):
        archive.writestr(info + name, text)
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
        lines.append(f"{info}{name},sha256={digest},{len(text)}\\n")
    archive.writestr(info + "RECORD", "".join(record + lines) + info + "RECORD,,\\n")
print(hashlib.file_digest(open(path, "rb"), "sha256").hexdigest(), os.path.getsize(path))
`

async function largeWheel(host: Host, parent: string): Promise<readonly Measured[]> {
  await using sandbox = await openSandbox(host, {})
  const folder = join(sandbox.folder, "..", "wheels")
  await host.files.makeDirectory(folder)
  const { stdout, code, stderr } = await host.run({
    argv: ["python3", "-c", makeWheel, join(folder, "big-1.0-py3-none-any.whl")],
  })
  if (code !== 0) throw new Error(stderr)
  const [sha256 = "", size = "0"] = stdout.trim().split(" ")
  await sandbox.write({
    "nbstacks.yaml": configuration(parent),
    "environment/requirements.txt": `big==1.0 --hash=sha256:${sha256}\n`,
  })
  const env = { PIP_NO_INDEX: "1", PIP_FIND_LINKS: pathToFileURL(folder).href }
  const megabytes = Math.round(Number(size) / 1_000_000)
  return [
    summary(
      {
        name: "environment of one wheel that unpacks to 2 GB",
        by: "nbstacks",
        goal: "300 MB",
        facts: { "wheel MB": megabytes },
      },
      await coldRuns(host, sandbox, env),
    ),
  ]
}

/** Builds with nothing kept but the wheels, after one build that fetches those. */
async function coldRuns(host: Host, sandbox: Sandbox, more: Readonly<Record<string, string>> = {}): Promise<Run[]> {
  const env = { ...sandbox.env, ...more }
  const nbstacks = (...args: readonly string[]): Promise<Run> =>
    measure(host, { argv: [program, ...args], cwd: sandbox.folder, env })
  await nbstacks("lock")
  await nbstacks("build")
  const measured: Run[] = []
  for (let at = 0; at < runs; at++) {
    await host.files.remove(env["NBSTACKS_STORE"] ?? "")
    for (const kept of ["layers", "segments", "headers"])
      await host.files.remove(join(env["NBSTACKS_CACHE"] ?? "", kept))
    measured.push(await nbstacks("build"))
  }
  return measured
}
