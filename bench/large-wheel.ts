import { join } from "node:path"
import type { Host } from "../src/host/host.ts"
import { openOurs } from "./layers/ours.ts"
import { megabytes, sentLine } from "./layers/rows.ts"
import { openYard, type Sent } from "./layers/yard.ts"
import type { Measured } from "./measure.ts"

const runs = 3

/** One wheel of two gigabytes, on the local disk, becomes layers in a registry: what that takes in memory. */
export async function largeWheel(host: Host): Promise<readonly Measured[]> {
  await using yard = await openYard(host)
  const wheels = await host.files.makeTemporary("nbstacks-wheel-")
  try {
    const wheel = join(wheels, "big-1.0-py3-none-any.whl")
    const { stdout, code, stderr } = await host.run({ argv: ["python3", "-c", makeWheel, wheel] })
    if (code !== 0) throw new Error(stderr)
    const size = (await host.files.stat(wheel))?.size ?? Number.NaN
    const whole = `big==1.0 --hash=sha256:${stdout.trim()}\n`
    await using ours = await openOurs(yard, { whole, changed: whole, classes: {}, wheels })
    const measured: Sent[] = []
    for (let at = 0; at < runs; at++) {
      await yard.reset()
      await ours.forget()
      measured.push(await ours.build())
    }
    const facts = { "MB of wheel": megabytes(size) }
    return [sentLine({ name: "one wheel of 2 GB, into a registry", by: "nbstacks", goal: "300 MB", facts }, measured)]
  } finally {
    await host.files.remove(wheels)
  }
}

/** Bytes that do not compress, in four members, stored and deflated: what accelerators' libraries look like. */
const makeWheel = `
import base64, hashlib, os, sys, zipfile
path = sys.argv[1]
members = (("big/a.so", 8, 750), ("big/b.so", 0, 650), ("big/c.so", 8, 600), ("big/d.so", 0, 750))
record = []
with zipfile.ZipFile(path, "w") as archive:
    for name, how, megabytes in members:
        info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        info.compress_type, info.external_attr = how, 0o100644 << 16
        info.file_size = megabytes * 1_000_000
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
print(hashlib.file_digest(open(path, "rb"), "sha256").hexdigest())
`
