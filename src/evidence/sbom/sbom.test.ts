import { expect, test } from "vitest"
import type { Found } from "../inventory/join.ts"
import type { Package } from "../inventory/item.ts"
import { cyclonedxDocument } from "./cyclonedx.ts"
import { licenceOf } from "./licence.ts"
import { purlOf } from "./purl.ts"
import { materialsOf } from "./sbom.ts"
import { spdxDocument } from "./spdx.ts"

const packageOf = (
  ecosystem: Package["ecosystem"],
  name: string,
  version: string,
  more: Partial<Package> = {},
): Package => ({
  kind: "package",
  ecosystem,
  name,
  version,
  ...more,
})
const debian = { kind: "system", id: "debian", name: "Debian GNU/Linux 12 (bookworm)", version: "12" } as const

test.each([
  [
    packageOf("deb", "libc6", "2.36-9+deb12u9", { architecture: "amd64" }),
    "pkg:deb/debian/libc6@2.36-9%2Bdeb12u9?arch=amd64&distro=debian-12",
  ],
  [packageOf("deb", "libstdc++6", "1:12"), "pkg:deb/debian/libstdc%2B%2B6@1:12?distro=debian-12"],
  [
    packageOf("rpm", "curl", "3:8.0-1.fc40", { architecture: "x86_64", origin: "curl-8.0-1.fc40.src.rpm" }),
    "pkg:rpm/debian/curl@8.0-1.fc40?arch=x86_64&distro=debian-12&epoch=3&upstream=curl-8.0-1.fc40.src.rpm",
  ],
  [packageOf("pypi", "Jinja2.ext_x", "3.1"), "pkg:pypi/jinja2-ext-x@3.1"],
  [packageOf("npm", "@jupyterlab/fs", "1.0.0"), "pkg:npm/%40jupyterlab/fs@1.0.0"],
  [packageOf("npm", "left-pad", "1.0.0"), "pkg:npm/left-pad@1.0.0"],
  [packageOf("cran", "dplyr", "1.1.4"), "pkg:cran/dplyr@1.1.4"],
  [
    packageOf("conda", "numpy", "2.0", {
      build: "py312_0",
      architecture: "linux-64",
      origin: "https://conda.example/conda-forge",
    }),
    "pkg:conda/numpy@2.0?build=py312_0&channel=conda-forge&subdir=linux-64",
  ],
  [
    packageOf("julia", "JSON", "0.21.4", { uuid: "682c06a0-de6a-54ab-a142-c8b1cf79cde6" }),
    "pkg:julia/JSON@0.21.4?uuid=682c06a0-de6a-54ab-a142-c8b1cf79cde6",
  ],
])("the package URL of %j", (found, purl) => {
  expect(purlOf(found, debian)).toBe(purl)
})

test.each([
  ["MIT", { expression: "MIT" }],
  ["MIT License", { expression: "MIT" }],
  ["(MIT OR Apache-2.0) AND BSD-3-Clause", { expression: "(MIT OR Apache-2.0) AND BSD-3-Clause" }],
  ["GPL (>= 2)", { expression: "GPL-2.0-or-later" }],
  ["BSD", { words: "BSD" }],
  ["Part of\n R 4.2.2", { words: "Part of R 4.2.2" }],
])("the licence %j", (written, licence) => {
  expect(licenceOf(written)).toEqual(licence)
})

const items: readonly Found[] = [
  { ...debian, path: "etc/os-release", layer: 0 },
  {
    ...packageOf("deb", "libc6", "2.36", { architecture: "amd64", licence: "LGPL-2.1-or-later" }),
    path: "var/lib/dpkg/status",
    layer: 0,
  },
  { ...packageOf("pypi", "numpy", "2.0", { licence: "BSD" }), path: "b/METADATA", layer: 1 },
  { ...packageOf("pypi", "NumPy", "2.0", { licence: "BSD" }), path: "a/METADATA", layer: 2 },
  { ...packageOf("pypi", "pip", "24.0"), path: "c/METADATA", layer: 1 },
]
const materials = materialsOf({ name: "lab", digest: `sha256:${"a".repeat(64)}`, platform: "linux/amd64" }, items)
const written = { version: "1.2.3", at: new Date("2026-01-02T03:04:05.678Z") }

test("an SPDX document has each package once, and words that are no licence as such", () => {
  const document = spdxDocument(materials, written) as {
    packages: { name: string; licenseDeclared: string; sourceInfo?: string }[]
    hasExtractedLicensingInfos: object[]
    relationships: object[]
  }
  expect(document).toMatchObject({ spdxVersion: "SPDX-2.3", creationInfo: { created: "2026-01-02T03:04:05Z" } })
  expect(document.packages.map(({ name, licenseDeclared }) => [name, licenseDeclared])).toEqual([
    ["lab", "NOASSERTION"],
    ["libc6", "LGPL-2.1-or-later"],
    ["numpy", "LicenseRef-1"],
    ["pip", "NOASSERTION"],
  ])
  expect(document.packages[2]?.sourceInfo).toBe("found in /a/METADATA, /b/METADATA")
  expect(document.hasExtractedLicensingInfos).toEqual([
    { licenseId: "LicenseRef-1", name: "BSD", extractedText: "BSD" },
  ])
  expect(document.relationships.length).toBe(4)
  expect(spdxDocument(materials, written)).toEqual(document)
})

test("a CycloneDX document has each package once, with licences", () => {
  const document = cyclonedxDocument(materials, written) as {
    components: { type: string; name: string; purl?: string; licenses?: object[] }[]
  }
  expect(document).toMatchObject({
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    metadata: { timestamp: written.at.toISOString(), component: { type: "container", name: "lab" } },
  })
  expect(document.components.map(({ name, licenses }) => [name, licenses])).toEqual([
    ["debian", undefined],
    ["libc6", [{ license: expect.objectContaining({ id: "LGPL-2.1-or-later" }) }]],
    ["numpy", [{ license: { name: "BSD" } }]],
    ["pip", undefined],
  ])
  expect(cyclonedxDocument(materials, written)).toEqual(document)
})
