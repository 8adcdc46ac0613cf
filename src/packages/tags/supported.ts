/** The interpreter and system that wheels have to fit. */
export type TagTarget = {
  /** `3.11` or `3.11.2`; only major and minor count. */
  readonly python: string
  /** `linux/amd64`. */
  readonly platform: string
  /** `2.36`; without it only wheels for any platform and `linux_*` fit. */
  readonly glibc: string | undefined
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

/** Platform tags in order of preference: the newest glibc first. */
function platformTags(target: Pick<TagTarget, "platform" | "glibc">): string[] {
  const machine = machineOf(target.platform)
  if (machine === undefined) return []
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

/**
 * Every tag that a CPython of a target supports, with its rank: 0 is preferred. The order is that of `packaging.tags`:
 * this version's ABI, its stable ABI, older stable ABIs, then pure ones.
 * https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/
 */
export function supportedTags(target: TagTarget): ReadonlyMap<string, number> {
  const [major = 0, minor = 0] = target.python.split(".").map(Number)
  const platforms = platformTags(target)
  const tags: string[] = []
  const interpreter = `cp${major}${minor}`
  const on = (python: string, abi: string): void => void tags.push(...platforms.map((tag) => `${python}-${abi}-${tag}`))
  on(interpreter, interpreter)
  on(interpreter, "abi3")
  on(interpreter, "none")
  for (let older = minor - 1; older >= 2; older--) on(`cp${major}${older}`, "abi3")
  const versions = [`py${major}${minor}`, `py${major}`]
  for (let older = minor - 1; older >= 0; older--) versions.push(`py${major}${older}`)
  for (const version of versions) on(version, "none")
  tags.push(`${interpreter}-none-any`)
  tags.push(...versions.map((version) => `${version}-none-any`))
  return new Map(tags.map((tag, rank) => [tag, rank]))
}
