import { spawnSync } from "node:child_process"
import { accessSync, constants } from "node:fs"
import { delimiter, join } from "node:path"

/** A Debian package and the program that tells whether it is there. */
export type Package = { readonly program: string; readonly name: string; readonly for: string }

/** What `npm run quickstart` needs beside Node. */
export const quickstartPackages: readonly Package[] = [
  { program: "mmdebstrap", name: "mmdebstrap", for: "Debian base images" },
  { program: "bwrap", name: "bubblewrap", for: "running images without a daemon" },
]

/** What the tests need beside that: real engines, registries and clients, and a browser. */
export const testPackages: readonly Package[] = [
  ...quickstartPackages,
  { program: "/usr/sbin/dockerd", name: "docker.io", for: "Docker Engine" },
  { program: "iptables", name: "iptables", for: "Docker Engine's networks" },
  { program: "docker-registry", name: "docker-registry", for: "the CNCF registry" },
  { program: "podman", name: "podman", for: "Podman" },
  { program: "buildah", name: "buildah", for: "Buildah" },
  { program: "runc", name: "runc", for: "Podman's runtime" },
  { program: "skopeo", name: "skopeo", for: "a client of registries" },
  { program: "umoci", name: "umoci", for: "unpacking images" },
  { program: "zstd", name: "zstd", for: "GNU tar's zstd" },
  { program: "busybox", name: "busybox-static", for: "a whole small system in an image" },
  { program: "faketime", name: "faketime", for: "other clocks" },
  { program: "chromium", name: "chromium", for: "a browser" },
  { program: "dpkg-deb", name: "dpkg", for: "making packages" },
  { program: "apt-ftparchive", name: "apt-utils", for: "making a package repository" },
  { program: "git", name: "git", for: "histories" },
]

/** What Debian takes out of Python into packages of its own, and how to see whether it is there. */
const pythonTools: readonly { readonly name: string; readonly test: readonly string[]; readonly for: string }[] = [
  { name: "python3-venv", test: ["-c", "import ensurepip, venv"], for: "Python tools of the tests" },
  { name: "python3-pip", test: ["-m", "pip", "--version"], for: "which package index this machine uses" },
]

function isThere(program: string): boolean {
  const folders = program.startsWith("/")
    ? [""]
    : [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"]
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Installs the Debian packages that are missing, or prints the command that would and ends with code 2. */
export function installMissing(packages: readonly Package[]): void {
  const missing = packages.filter(({ program }) => !isThere(program))
  const tools = pythonTools.filter(({ test }) => spawnSync("python3", test, { stdio: "ignore" }).status !== 0)
  const names = [...new Set([...missing, ...tools].map(({ name }) => name))]
  if (names.length === 0) return
  const command = `apt-get install --yes --no-install-recommends ${names.join(" ")}`
  if (process.getuid?.() !== 0) {
    console.error(
      `error: This machine lacks ${names.join(", ")}\n\nhint: Run \`sudo apt-get update && sudo ${command}\``,
    )
    process.exit(2)
  }
  console.error(`Installing ${names.join(", ")} …`)
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" }
  for (const line of ["apt-get update", command]) {
    const { status, stderr, stdout } = spawnSync("sh", ["-c", line], {
      env,
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
    })
    if (status === 0) continue
    console.error(`${stdout.slice(-2000)}${stderr.slice(-4000)}\nerror: \`${line}\` failed`)
    process.exit(2)
  }
}
