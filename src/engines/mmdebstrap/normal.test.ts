import { expect, test } from "vitest"
import { constantTime, type TarHeader } from "../../oci/tar/header.ts"
import { additionsFor } from "./additions.ts"
import { withConstantTime } from "./bytecode.ts"
import { bootstrapFailure } from "./failures.ts"
import { isLeftover } from "./leftovers.ts"
import { parseSimulation } from "./resolve.ts"
import { runConfigOf } from "./run-config.ts"
import { differences, installedOf } from "./status.ts"
import { userFiles } from "./user.ts"

const file: TarHeader = { path: "", kind: "file", mode: 0o644, uid: 0, gid: 0, size: 3 }

test.each([
  ["etc/hostname", true],
  ["etc/hostname.d/x", false],
  ["etc/resolv.conf", true],
  ["etc/shadow-", true],
  ["etc/shadow", false],
  ["etc/apt/preferences.d/00nbstacks", true],
  ["etc/apt/preferences.d/other", false],
  ["etc/ssh/ssh_host_rsa_key", true],
  ["var/log/dpkg.log", true],
  ["var/cache/ldconfig/aux-cache", true],
  ["var/lib/dpkg/status", false],
  ["var/lib/dpkg/status-old", true],
  ["var/lib/apt/lists/x_Packages", true],
  ["run/lock/x", true],
  ["usr/dev/null", false],
])("%s goes: %s", (path, goes) => {
  expect(isLeftover({ ...file, path })).toBe(goes)
})

test("directories stay, except below those that are mounted; devices go; empty logs stay", () => {
  const directory = { ...file, kind: "directory" as const, size: 0 }
  expect(["var/log/apt", "run/lock", "dev", "var/cache/apt"].map((path) => isLeftover({ ...directory, path }))).toEqual(
    [false, false, false, false],
  )
  expect(["run/x", "dev/pts", "tmp/x"].every((path) => isLeftover({ ...directory, path }))).toBe(true)
  expect(isLeftover({ ...file, path: "usr/fifo", kind: "fifo" })).toBe(true)
  expect(isLeftover({ ...file, path: "var/log/btmp", size: 0 })).toBe(false)
})

test("bytecode that is checked by time gets the constant one, other bytecode stays", () => {
  const header = (flags: number): Buffer => {
    const bytes = Buffer.alloc(20, 7)
    bytes.writeUInt32LE(0x0a0d0da7, 0)
    bytes.writeUInt32LE(flags, 4)
    return bytes
  }
  const checkedByTime = header(0)
  const changed = withConstantTime(checkedByTime)
  expect(changed.readUInt32LE(8)).toBe(constantTime)
  expect([changed.subarray(0, 8), changed.subarray(12)]).toEqual([
    checkedByTime.subarray(0, 8),
    checkedByTime.subarray(12),
  ])
  expect(withConstantTime(header(1))).toEqual(header(1))
  expect(withConstantTime(Buffer.from("short"))).toEqual(Buffer.from("short"))
})

test("the user is there once, and days of change are constant", () => {
  const passwd = "root:x:0:0:root:/root:/bin/bash\njovyan:x:5:5::/x:/bin/sh\n"
  expect(userFiles["etc/passwd"]?.(passwd)).toBe(
    "root:x:0:0:root:/root:/bin/bash\njovyan:x:1000:100::/home/jovyan:/bin/bash\n",
  )
  expect(userFiles["etc/group"]?.("root:x:0:\nusers:x:100:\n")).toBe("root:x:0:\nusers:x:100:\n")
  expect(userFiles["etc/group"]?.("root:x:0:\n")).toBe("root:x:0:\nusers:x:100:\n")
  expect(userFiles["etc/shadow"]?.("root:*:20412:0:99999:7:::\n_apt:!:20412::::::\n")).toBe(
    "root:*:3652:0:99999:7:::\n_apt:!:3652::::::\njovyan:*:3652:0:99999:7:::\n",
  )
})

test("additions leave out what is there and bring the parents that are missing", () => {
  const headers: TarHeader[] = [
    { ...file, path: "etc", kind: "directory", size: 0 },
    { ...file, path: "etc/passwd" },
    { ...file, path: "etc/skel/.bashrc" },
  ]
  const texts = new Map([["etc/skel/.bashrc", Buffer.from("abc")]])
  const made = additionsFor({ headers, texts }, [{ path: "usr/keys/a.gpg", bytes: Buffer.from("key") }])
  expect(made.map(({ header }) => `${header.path} ${header.mode.toString(8)} ${header.uid}:${header.gid}`)).toEqual([
    "etc/group 644 0:0",
    "etc/shadow 640 0:42",
    "usr 755 0:0",
    "usr/keys 755 0:0",
    "usr/keys/a.gpg 644 0:0",
    "home 755 0:0",
    "home/jovyan 2775 1000:100",
    "home/jovyan/.bashrc 664 1000:100",
  ])
})

test("what apt would install is read from its simulation", () => {
  const stdout = [
    "Inst libc6 (2.36-9+deb12u14 Debian:12.15/oldstable [amd64]) []",
    "Inst base-files [1.0] (12.4+deb12u15 Debian:12.15/oldstable [amd64])",
    "Conf libc6 (2.36-9+deb12u14 Debian:12.15/oldstable [amd64])",
    "Inst g++ (4:12.2.0-3 Debian:12.15/oldstable [amd64])",
  ].join("\n")
  expect(parseSimulation(stdout)).toEqual([
    { name: "base-files", version: "12.4+deb12u15" },
    { name: "g++", version: "4:12.2.0-3" },
    { name: "libc6", version: "2.36-9+deb12u14" },
  ])
})

test("dpkg's status against the lock", () => {
  const status = [
    "Package: a\nStatus: install ok installed\nVersion: 1\n",
    "Package: b\nStatus: deinstall ok config-files\nVersion: 1\n",
    "Package: c\nStatus: install ok installed\nVersion: 2\n",
  ].join("\n")
  const installed = installedOf(status)
  expect(installed.map(({ name }) => name)).toEqual(["a", "c"])
  expect(
    differences(
      [
        { name: "a", version: "1" },
        { name: "b", version: "1" },
      ],
      installed,
    ),
  ).toEqual(["b 1 is locked, but not installed", "c 2 is installed, but not locked"])
})

test("why mmdebstrap failed, from its last lines", () => {
  const locked = [{ name: "bash", version: "9.9" }]
  const failure = (...tail: readonly string[]): { code: string; message: string } => {
    const { code, message } = bootstrapFailure("base", { locked, tail })
    return { code, message }
  }
  expect(failure("E: Version '9.9' for 'bash' was not found")).toEqual({
    code: "no",
    message: "Cannot build `base`: the Debian mirrors no longer have bash 9.9",
  })
  expect(failure("E: Failed to fetch http://a.example/x.deb")).toMatchObject({ code: "temporary" })
  expect(failure("E: something")).toEqual({ code: "no", message: "mmdebstrap could not build `base`" })
})

test("tini is the entrypoint where it is installed", () => {
  expect(runConfigOf([{ name: "tini", version: "1" }]).Entrypoint).toEqual(["tini", "-g", "--"])
  expect(runConfigOf([]).Entrypoint).toBeUndefined()
})
