import { findNode, walkTree, type MergedEntry, type MergedNode } from "../../oci/merged/tree.ts"

/** Files that tools keep for themselves and that an image does not need. */
export type LeftBehind = {
  readonly what: string
  readonly files: number
  /** Unpacked. */
  readonly bytes: number
  /** The layer that has most of them, counted from 0 at the bottom. */
  readonly layer: number
  /** What keeps them out of an image. */
  readonly instead: string
}

type Kind = Pick<LeftBehind, "what" | "instead"> & {
  readonly shape: RegExp
  /** The file without which one is of no use; those that have it are not left behind. */
  readonly source?: (path: string) => string
}

const kinds: readonly Kind[] = [
  {
    what: "apt's lists",
    shape: /^var\/lib\/apt\/lists\/./,
    instead: "end the step that runs apt-get with `rm -rf /var/lib/apt/lists/*`",
  },
  {
    what: "apt's packages",
    shape: /^var\/cache\/apt\/(?:archives\/[^/]+\.deb$|[^/]+\.bin$)/,
    instead: "end the step that runs apt-get with `apt-get clean`",
  },
  {
    what: "pip's cache",
    shape: /^(?:root|home\/[^/]+)\/\.cache\/pip\//,
    instead: "run pip with `--no-cache-dir`, or mount a cache in the step",
  },
  {
    what: "uv's cache",
    shape: /^(?:root|home\/[^/]+)\/\.cache\/uv\//,
    instead: "run uv with `--no-cache`, or mount a cache in the step",
  },
  {
    what: "conda's packages",
    shape: /(?:^|\/)pkgs\/(?:[^/-]+-+[^/-]+-[^/]+\/|[^/]+\.(?:conda|tar\.bz2)$|cache\/)/,
    instead: "end the step with `conda clean --all --force-pkgs-dirs --yes`, or mamba's",
  },
  {
    what: "npm's cache",
    shape: /^(?:root|home\/[^/]+)\/\.npm\/_cacache\//,
    instead: "end the step that runs npm with `npm cache clean --force`",
  },
  {
    what: "yarn's cache",
    shape: /^(?:usr\/local\/share\/\.cache\/yarn|(?:root|home\/[^/]+)\/\.cache\/yarn)\//,
    instead: "end the step that runs yarn with `yarn cache clean`",
  },
  {
    what: "bytecode without its source",
    // Python reads what is in `__pycache__` only beside a source: https://peps.python.org/pep-3147/
    shape: /(?:^|\/)__pycache__\/[^/]+\.[a-z]+-\d+[a-z]?(?:\.opt-[^/.]+)?\.pyc$/,
    source: (path) => path.replace(/__pycache__\/([^/]+?)\.[a-z]+-\d+[a-z]?(?:\.opt-[^/.]+)?\.pyc$/, "$1.py"),
    instead: "remove `__pycache__` in the step that removes the sources",
  },
  { what: "temporary files", shape: /^(?:var\/)?tmp\/./, instead: "remove them in the step that makes them" },
]

type MemberOf = { readonly layer: number; readonly member: number }

function keyOf({ layer, member }: MemberOf): string {
  return `${layer} ${member}`
}

/** What an image has that no container needs, the largest first. A file with several names counts once. */
export function leftBehind(root: MergedNode): readonly LeftBehind[] {
  const found = new Map<Kind, { files: number; bytes: number; layers: Map<number, number> }>()
  // A file of conda's that an environment has a hard link to is needed.
  const seen = new Set<string>()
  const doubtful: (readonly [Kind, MergedEntry & { readonly content: MemberOf }])[] = []
  for (const entry of walkTree(root)) {
    const { path, kind, content } = entry
    if (kind !== "file" || content === undefined) continue
    const of = kinds.find(({ shape }) => shape.test(path))
    const source = of?.source?.(path)
    const isUsed = source !== undefined && findNode(root, source, { followLast: true }) !== undefined
    if (of === undefined || isUsed) seen.add(keyOf(content))
    else doubtful.push([of, { ...entry, content }])
  }
  for (const [of, { size, content }] of doubtful) {
    const key = keyOf(content)
    if (seen.has(key)) continue
    seen.add(key)
    const sum = found.get(of) ?? { files: 0, bytes: 0, layers: new Map<number, number>() }
    sum.files++
    sum.bytes += size
    sum.layers.set(content.layer, (sum.layers.get(content.layer) ?? 0) + size)
    found.set(of, sum)
  }
  return [...found]
    .map(([{ what, instead }, { files, bytes, layers }]) => {
      const [layer = 0] = [...layers].sort((a, b) => b[1] - a[1]).map(([at]) => at)
      return { what, files, bytes, layer, instead }
    })
    .sort((a, b) => b.bytes - a.bytes)
}
