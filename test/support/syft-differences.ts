import { normaliseName } from "../../src/environment/names.ts"
import type { SyftPackage } from "./known-image.ts"

/** A package as one of both finds it. */
export type Sighting = {
  /** Ours, or syft's own word where it is none of ours. */
  readonly ecosystem: string
  readonly name: string
  readonly version: string
  /** The file that says so, with a slash in front. */
  readonly path: string
}

/** Images that both are asked about. */
export type ComparedImage = "packages" | "quickstart"

/** A way in which both find other things, and who is right. */
export type SyftDifference = {
  readonly what: string
  readonly finds: "nbstacks" | "syft"
  readonly right: "nbstacks" | "syft"
  readonly why: string
  /** The images in which it has to come up. */
  readonly images: readonly ComparedImage[]
  readonly covers: (found: Sighting) => boolean
}

export const syftDifferences: readonly SyftDifference[] = [
  {
    what: "Windows programs",
    finds: "syft",
    right: "nbstacks",
    why: "setuptools and pip bring launchers for Windows (`cli.exe`, `t64.exe`). syft lists each as a package, with the version `unknown` or none; nobody has installed one.",
    images: ["packages"],
    covers: ({ ecosystem, path }) => ecosystem === "binary" && path.endsWith(".exe"),
  },
  {
    what: "R's `translations`",
    finds: "syft",
    right: "nbstacks",
    why: "Its `DESCRIPTION` says nothing of having been built, and `installed.packages()` does not list it.",
    images: ["packages"],
    covers: ({ ecosystem, name }) => ecosystem === "cran" && name === "translations",
  },
  {
    what: "JupyterLab's application and the packages of its tests",
    finds: "syft",
    right: "nbstacks",
    why: "A `package.json` says what JupyterLab was built from (`@jupyterlab/application-top`), or is there for its tests (`mock_packages`). Nothing has installed them.",
    images: ["quickstart"],
    covers: ({ ecosystem, path }) =>
      ecosystem === "npm" &&
      /\/site-packages\/jupyterlab\/(?:staging|static|galata|tests)\/|\/share\/jupyter\/lab\/static\/package\.json$/.test(
        path,
      ),
  },
  {
    what: "An application that npm installed packages for",
    finds: "syft",
    right: "nbstacks",
    why: "Its own `package.json` names it. `npm ls` lists what is installed below it, as `inspect` does, and not the application.",
    images: ["packages"],
    covers: ({ ecosystem, path }) => ecosystem === "npm" && path === "/srv/app/package.json",
  },
  {
    what: "Extensions of JupyterLab",
    finds: "syft",
    right: "nbstacks",
    why: "syft lists them as npm's packages. They are extensions, which `inspect` lists as `jupyter labextension list` does, and come with packages of Python.",
    images: ["quickstart"],
    covers: ({ ecosystem, path }) => ecosystem === "npm" && path.includes("/share/jupyter/labextensions/"),
  },
  {
    what: "Packages in conda's cache",
    finds: "syft",
    right: "nbstacks",
    why: "What conda has unpacked below `pkgs` is what it makes environments of. No Python looks there: the copy in the environment is the one that is installed. (`inspect --layers` says what the cache weighs.)",
    images: ["packages"],
    covers: ({ ecosystem, path }) => ecosystem === "pypi" && path.startsWith("/opt/conda/pkgs/"),
  },
  {
    what: "conda's packages",
    finds: "nbstacks",
    right: "nbstacks",
    why: "syft reads `conda-meta` of folders, and not of images unless it is told to.",
    images: ["packages"],
    covers: ({ ecosystem }) => ecosystem === "conda",
  },
]

const ecosystemOf: Readonly<Record<string, string>> = { python: "pypi", "R-package": "cran" }

/** What only one of both finds. A file that says it is the same where syft names it beside others. */
export function compareWithSyft(
  ours: readonly Sighting[],
  syft: readonly SyftPackage[],
): { readonly ours: readonly Sighting[]; readonly syft: readonly Sighting[]; readonly both: number } {
  const theirs = syft.map(({ type, name, version, paths }) => ({
    ecosystem: ecosystemOf[type] ?? type,
    name,
    version,
    path: paths[0] ?? "",
    paths,
  }))
  const key = ({ ecosystem, name, version }: Omit<Sighting, "path">, path: string): string =>
    `${ecosystem} ${ecosystem === "pypi" ? normaliseName(name) : name} ${version} ${path}`
  const [mine, others] = [
    new Set(ours.map((one) => key(one, one.path))),
    new Set(theirs.flatMap((one) => one.paths.map((path) => key(one, path)))),
  ]
  const onlyOurs = ours.filter((one) => !others.has(key(one, one.path)))
  return {
    ours: onlyOurs,
    syft: theirs.filter((one) => !one.paths.some((path) => mine.has(key(one, path)))),
    both: ours.length - onlyOurs.length,
  }
}

/** Differences that no row covers, and rows that nothing covers though this image has to show them. */
export function unlisted(
  image: ComparedImage,
  found: ReturnType<typeof compareWithSyft>,
): { readonly unlisted: readonly string[]; readonly unused: readonly string[] } {
  const used = new Set<SyftDifference>()
  const left = (["ours", "syft"] as const).flatMap((side) =>
    found[side].flatMap((one) => {
      const row = syftDifferences.find(
        ({ finds, covers }) => finds === (side === "ours" ? "nbstacks" : "syft") && covers(one),
      )
      if (row !== undefined) used.add(row)
      return row === undefined ? [`${side}: ${one.ecosystem} ${one.name} ${one.version} ${one.path}`] : []
    }),
  )
  const unused = syftDifferences.filter((row) => row.images.includes(image) && !used.has(row)).map(({ what }) => what)
  return { unlisted: left, unused }
}

/** The page `docs/reference/differences-from-syft.md`. */
export function syftPage(): string {
  return [
    "# Differences from syft",
    "",
    "`nbstacks inspect` and syft 1.51 find the same packages, at the same versions and places, but for what stands here. Tests compare both for an image with",
    "packages of Debian, RPM, conda, Python, R and npm (`test/images/packages`) and for that of the quickstart. They fail on a difference that is not",
    "listed, and on a listed one that is none. What the image itself says decides who is right. This page is written from that test's table",
    "(`test/support/syft-differences.ts`).",
    "",
    "| what | finds it | is right | why |",
    "|---|---|---|---|",
    ...syftDifferences.map(({ what, finds, right, why }) => `| ${what} | ${finds} | ${right} | ${why} |`),
    "",
  ].join("\n")
}
