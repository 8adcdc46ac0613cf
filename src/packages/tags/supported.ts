/** The interpreter and system that wheels have to fit. */
export type TagTarget = {
  /** `3.11` or `3.11.2`; only major and minor count. */
  readonly python: string
  /** `linux/amd64`. */
  readonly platform: string
  /** `t` for the free-threaded build: its wheels are `cp313-cp313t`, and no stable ABI fits it. PEP 703. */
  readonly abi?: "t" | undefined
  /** `2.36`; without it, and without `musl`, only wheels for any platform and `linux_*` fit. */
  readonly glibc?: string | undefined
  /** `1.2`: then wheels for glibc do not fit. PEP 656. */
  readonly musl?: string | undefined
}

/** Architectures as wheels name them, by OCI's names. */
const machines: Readonly<Record<string, string>> = {
  "linux/amd64": "x86_64",
  "linux/386": "i686",
  "linux/arm64": "aarch64",
  "linux/arm64/v8": "aarch64",
  "linux/arm/v7": "armv7l",
  "linux/ppc64le": "ppc64le",
  "linux/s390x": "s390x",
  "linux/riscv64": "riscv64",
}

/** Older names of glibc versions. PEP 600. */
const legacy: Readonly<Record<number, string>> = { 17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1" }

/** What Python's `platform.machine()` says on a platform, or undefined where no wheels exist. */
export function machineOf(platform: string): string | undefined {
  return machines[platform]
}

/** Platform tags in order of preference: the newest C library first. */
function platformTags(target: Pick<TagTarget, "platform" | "glibc" | "musl">): string[] {
  const machine = machineOf(target.platform)
  if (machine === undefined) return []
  if (target.musl !== undefined) return [...muslTags(target.musl, machine), `linux_${machine}`]
  const match = /^2\.(\d{1,3})/.exec(target.glibc ?? "")
  const tags: string[] = []
  const oldest = machine === "x86_64" || machine === "i686" ? 5 : 17
  for (let minor = match === null ? -1 : Number(match[1]); minor >= oldest; minor--) {
    tags.push(`manylinux_2_${minor}_${machine}`)
    const alias = legacy[minor]
    if (alias !== undefined) tags.push(`${alias}_${machine}`)
  }
  return [...tags, `linux_${machine}`]
}

/** Wheels for older versions of the same major one. https://peps.python.org/pep-0656/ */
function muslTags(musl: string, machine: string): string[] {
  const [major = 0, minor = 0] = musl.split(".").map(Number)
  return Array.from({ length: minor + 1 }, (_, less) => `musllinux_${major}_${minor - less}_${machine}`)
}

/**
 * Every tag that a CPython of a target supports, with its rank: 0 is preferred. The order is that of `packaging.tags`:
 * this version's ABI, its stable ABI, older stable ABIs, then pure ones.
 * https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/
 */
export function supportedTags(target: TagTarget): ReadonlyMap<string, number> {
  const { python, platform, glibc, musl, abi } = target
  const key = [python, platform, glibc, musl, abi].join(" ")
  if (last?.key !== key) last = { key, tags: tagsOf(target) }
  return last.tags
}

/** The tags that were asked for last: all wheels of an environment are for one target. */
let last: { readonly key: string; readonly tags: ReadonlyMap<string, number> } | undefined

function tagsOf(target: TagTarget): ReadonlyMap<string, number> {
  const [major = 0, minor = 0] = target.python.split(".").map(Number)
  const platforms = platformTags(target)
  const tags: string[] = []
  const interpreter = `cp${major}${minor}`
  const on = (python: string, abi: string): void => void tags.push(...platforms.map((tag) => `${python}-${abi}-${tag}`))
  on(interpreter, `${interpreter}${target.abi ?? ""}`)
  if (target.abi === undefined) on(interpreter, "abi3")
  on(interpreter, "none")
  if (target.abi === undefined) for (let older = minor - 1; older >= 2; older--) on(`cp${major}${older}`, "abi3")
  const versions = [`py${major}${minor}`, `py${major}`]
  for (let older = minor - 1; older >= 0; older--) versions.push(`py${major}${older}`)
  for (const version of versions) on(version, "none")
  tags.push(`${interpreter}-none-any`)
  tags.push(...versions.map((version) => `${version}-none-any`))
  return new Map(tags.map((tag, rank) => [tag, rank]))
}
