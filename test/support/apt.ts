import { createHash } from "node:crypto"
import { dirname, join } from "node:path"
import type { Host } from "../../src/host/host.ts"
import { makeHost } from "../../src/host/node/host.ts"

/** A package of the test's own making. */
export type TestPackage = {
  readonly name: string
  readonly version: string
  readonly depends?: readonly string[]
  /** Essential ones are in every root. */
  readonly essential?: boolean
  /** Contents by absolute path; `link:` makes a link. Executable below a `bin`. */
  readonly files?: Readonly<Record<string, string>>
  /** Run by `/bin/sh` in the root when it is configured. */
  readonly postinst?: string
}

/** An apt repository on loopback, with the suite `test`. */
export type TestApt = AsyncDisposable & {
  /** This machine, whose apt has that repository and no other: by APT_CONFIG, as anybody could set it. */
  readonly host: Host
  readonly suite: "test"
  /** Says what is there from now on, in place of what was. */
  readonly publish: (packages: readonly TestPackage[]) => Promise<void>
  /** Requests that were answered, by path. */
  readonly requests: readonly string[]
}

/** Programs that dpkg and mmdebstrap need in a root; they are taken from this machine, with their libraries. */
const programs: readonly string[] = [
  "/bin/sh",
  ...["cat", "diff", "dpkg", "dpkg-deb", "dpkg-query", "dpkg-split", "dpkg-trigger", "env", "mkdir", "rm", "tar"].map(
    (name) => `/usr/bin/${name}`,
  ),
  "/usr/sbin/ldconfig",
  "/usr/sbin/start-stop-daemon",
]

/** What every root of the repository needs: the programs above, apt and tini by name only. */
export const basePackages: readonly TestPackage[] = [
  { name: "nbbase", version: "1.0", essential: true },
  { name: "apt", version: "1.0" },
  { name: "tini", version: "1.0", files: { "/usr/bin/tini": "#!/bin/sh\n" } },
]

/** Starts the repository, with `basePackages` in it. Needs root and dpkg, no network. */
export async function startApt(env: Readonly<Record<string, string | undefined>> = process.env): Promise<TestApt> {
  const plain = makeHost(env)
  const folder = await plain.files.makeTemporary("nbstacks-apt-test-")
  const published = new Map<string, Uint8Array>()
  const requests: string[] = []
  const server = await plain.serve(
    async ({ target }) => {
      requests.push(target)
      const body = published.get(decodeURIComponent(target))
      return body === undefined ? { status: 404, body: "no" } : { status: 200, body }
    },
    { port: 0 },
  )
  const configuration = join(folder, "apt.conf")
  const list = join(folder, "sources.list")
  await plain.files.write(list, `deb [trusted=yes] http://127.0.0.1:${server.port} test main\n`)
  await plain.files.write(
    configuration,
    `Dir::Etc::sourcelist "${list}";\nDir::Etc::sourceparts "/dev/null";\nAcquire::Retries "0";\n`,
  )
  const publish = async (packages: readonly TestPackage[]): Promise<void> => {
    const files = await repositoryOf(plain, folder, packages)
    published.clear()
    for (const [path, bytes] of files) published.set(path, bytes)
  }
  try {
    await publish(basePackages)
  } catch (error) {
    await server[Symbol.asyncDispose]()
    await plain.files.remove(folder)
    throw error
  }
  return {
    host: makeHost({ ...env, APT_CONFIG: configuration, http_proxy: undefined, HTTP_PROXY: undefined }),
    suite: "test",
    publish,
    requests,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await plain.files.remove(folder)
    },
  }
}

async function repositoryOf(
  host: Host,
  folder: string,
  packages: readonly TestPackage[],
): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  const stanzas: string[] = []
  for (const one of packages) {
    const bytes = await deb(host, folder, one)
    const path = `pool/${one.name}_${one.version}.deb`
    files.set(`/${path}`, bytes)
    stanzas.push(`${controlOf(host, one)}Filename: ${path}\nSize: ${bytes.length}\nSHA256: ${sha256(bytes)}\n`)
  }
  const index = Buffer.from(stanzas.join("\n"))
  const indexPath = `main/binary-${host.machine.architecture}/Packages`
  files.set(`/dists/test/${indexPath}`, index)
  const release = [
    "Origin: nbstacks tests",
    "Suite: test",
    "Codename: test",
    "Date: Tue, 01 Jan 1980 00:00:00 UTC",
    `Architectures: ${host.machine.architecture}`,
    "Components: main",
    "SHA256:",
    ` ${sha256(index)} ${index.length} ${indexPath}`,
    "",
  ]
  files.set("/dists/test/Release", Buffer.from(release.join("\n")))
  return files
}

/** Builds a package, or takes it from what was built before. */
async function deb(host: Host, folder: string, one: TestPackage): Promise<Uint8Array> {
  const root = join(folder, `${one.name}-${sha256(JSON.stringify(one)).slice(0, 12)}`)
  const path = `${root}.deb`
  if ((await host.files.stat(path)) === undefined) {
    await host.files.write(join(root, "DEBIAN/control"), controlOf(host, one))
    if (one.postinst !== undefined)
      await host.files.write(join(root, "DEBIAN/postinst"), `#!/bin/sh\nset -e\n${one.postinst}\n`, { mode: 0o755 })
    for (const [file, text] of Object.entries(one.files ?? {})) {
      const at = join(root, file)
      await host.files.makeDirectory(dirname(at))
      if (text.startsWith("link:")) await host.files.symlink(text.slice(5), at)
      else await host.files.write(at, text, { mode: /\/s?bin\//.test(file) ? 0o755 : 0o644 })
    }
    if (one.name === "nbbase") await must(host, ["sh", "-c", takePrograms, "sh", root, ...programs])
    await must(host, ["dpkg-deb", "--root-owner-group", "-Znone", "--build", root, path])
  }
  return await host.files.read(path)
}

/** A merged /usr with programs and their libraries. */
const takePrograms = `set -eu
root=$1; shift
mkdir -p "$root/usr/bin" "$root/usr/sbin" "$root/usr/lib" "$root/usr/lib64" "$root/etc" "$root/proc" "$root/dev"
for name in bin sbin lib lib64; do ln -s "usr/$name" "$root/$name"; done
for program in "$@"; do
  cp -L "$program" "$root/usr$(echo "$program" | sed s,^/usr,,)"
  ldd "$program" | grep -o '/[^ ]*' | while read -r library; do
    target="$root/usr$(echo "$library" | sed s,^/usr,,)"
    mkdir -p "$(dirname "$target")"
    cp -L "$library" "$target"
  done || true
done
printf 'root:x:0:0:root:/root:/bin/sh\\n' > "$root/etc/passwd"
printf 'root:x:0:\\nusers:x:100:\\n' > "$root/etc/group"
`

function controlOf(host: Host, one: TestPackage): string {
  const fields = [
    ["Package", one.name],
    ["Version", one.version],
    ["Architecture", host.machine.architecture],
    ["Maintainer", "Tests <tests@example.org>"],
    ["Priority", one.essential === true ? "required" : "optional"],
    ...(one.essential === true ? [["Essential", "yes"]] : []),
    ...(one.depends === undefined ? [] : [["Depends", one.depends.join(", ")]]),
    ["Description", `the package ${one.name}`],
  ]
  return fields.map(([name, value]) => `${name}: ${value}\n`).join("")
}

async function must(host: Host, argv: readonly [string, ...string[]]): Promise<void> {
  const { code, stderr } = await host.run({ argv })
  if (code !== 0) throw new Error(`${argv[0]}: ${stderr}`)
}

function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex")
}
