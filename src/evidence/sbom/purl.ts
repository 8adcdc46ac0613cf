import { PackageURL } from "packageurl-js"
import { normaliseName } from "../../environment/names.ts"
import type { Found } from "../inventory/join.ts"
import type { Package, System } from "../inventory/item.ts"

/** The distribution of an image, where it says which it is. */
export function systemOf(items: readonly Found[]): System | undefined {
  return items.find((item) => item.kind === "system")
}

/**
 * The package URL by which other tools know a package.
 * https://github.com/package-url/purl-spec/blob/main/purl-types-index.json
 */
export function purlOf(found: Package, system: System | undefined): string {
  const { name, version } = found
  const distro = system === undefined ? undefined : [system.id, system.version].filter(Boolean).join("-")
  const make = (
    type: string,
    more: {
      readonly namespace?: string | undefined
      readonly name?: string
      readonly version?: string
      readonly qualifiers?: Qualifiers
    },
  ): string => {
    const qualifiers = Object.fromEntries(
      Object.entries(more.qualifiers ?? {}).filter((entry): entry is [string, string] => entry[1] !== undefined),
    )
    const purl = new PackageURL(
      type,
      more.namespace,
      more.name ?? name,
      more.version ?? version,
      qualifiers,
      undefined,
    ).toString()
    // The specification leaves no plus as it is; the library does in versions.
    return purl.replaceAll("+", "%2B")
  }
  switch (found.ecosystem) {
    case "deb":
    case "apk":
      return make(found.ecosystem, {
        namespace: system?.id ?? { deb: "debian", apk: "alpine" }[found.ecosystem],
        qualifiers: { arch: found.architecture, distro },
      })
    case "rpm": {
      const epoch = /^(\d+):/.exec(version)?.[1]
      return make("rpm", {
        namespace: system?.id ?? "fedora",
        version: epoch === undefined ? version : version.slice(epoch.length + 1),
        qualifiers: { arch: found.architecture, distro, epoch, upstream: found.origin },
      })
    }
    case "pypi":
      return make("pypi", { name: normaliseName(name) })
    case "conda":
      return make("conda", {
        qualifiers: {
          build: found.build,
          channel: found.origin?.split("/").at(-1),
          subdir: found.architecture,
        },
      })
    case "npm": {
      const [scope, rest] = name.startsWith("@") ? name.split("/", 2) : [undefined, name]
      return make("npm", { namespace: scope, name: rest ?? name })
    }
    case "julia":
      return make(found.uuid === undefined ? "generic" : "julia", { qualifiers: { uuid: found.uuid } })
    case "cran":
      return make("cran", {})
    case "tex":
      // There is no type for TeX's packages.
      return make("generic", { qualifiers: { repository_url: "https://ctan.org" } })
  }
}

type Qualifiers = Readonly<Record<string, string | undefined>>
