import { posix } from "node:path"
import type { Package } from "./item.ts"
import { aptStates, npmList, type Note } from "./readers/notes.ts"

/**
 * What files beside a package's own say of it.
 *
 * @param noteAt The note at a path of the image, as a container sees it.
 */
export function noted(
  found: Package & { readonly path: string },
  noteAt: (path: string) => Note | undefined,
): Partial<Package> {
  if (found.ecosystem === "deb") return ofDebian(found, noteAt)
  if (found.ecosystem === "pypi") return ofPython(found.path, noteAt)
  return found.ecosystem === "npm" ? ofNpm(found.path, noteAt) : {}
}

function ofDebian({ name, architecture = "" }: Package, noteAt: (path: string) => Note | undefined): Partial<Package> {
  const licence = noteAt(`usr/share/doc/${name}/copyright`)?.licence
  const automatic = automaticOf(noteAt(aptStates))
  return {
    ...(licence === undefined ? {} : { licence }),
    // Where apt notes none it knows of none: such bases are not made by it.
    ...(automatic.size === 0
      ? {}
      : { requested: !automatic.has(`${name} ${architecture}`) && !(architecture === "all" && automatic.has(name)) }),
  }
}

const sets = new WeakMap<Note, ReadonlySet<string>>()

/** Packages of all architectures are there under the machine's own, so their names alone are in it too. */
function automaticOf(note: Note | undefined): ReadonlySet<string> {
  if (note?.automatic === undefined) return new Set()
  const known = sets.get(note)
  if (known !== undefined) return known
  const made = new Set(note.automatic.flatMap((one) => [one, one.split(" ", 1)[0] ?? one]))
  sets.set(note, made)
  return made
}

function ofPython(path: string, noteAt: (path: string) => Note | undefined): Partial<Package> {
  const folder = posix.dirname(path)
  const { installer } = noteAt(`${folder}/INSTALLER`) ?? {}
  const { origin } = noteAt(`${folder}/direct_url.json`) ?? {}
  // Others, such as uv, mark all that they install.
  const isRequested = installer === "pip" && noteAt(`${folder}/REQUESTED`)?.isRequested === true
  return {
    ...(installer === undefined ? {} : { installer }),
    ...(origin === undefined ? {} : { origin }),
    ...(isRequested ? { requested: true } : {}),
  }
}

/** The list is in the outermost `node_modules` of an installation, so all around a package are asked. */
function ofNpm(path: string, noteAt: (path: string) => Note | undefined): Partial<Package> {
  const folder = posix.dirname(path)
  const inner = "node_modules/"
  for (let at = folder.indexOf(inner); at !== -1; at = folder.indexOf(inner, at + 1)) {
    const { urls } = noteAt(`${folder.slice(0, at)}${inner}${npmList}`) ?? {}
    const below = folder.slice(at)
    if (urls !== undefined && Object.hasOwn(urls, below)) return { url: urls[below] as string }
  }
  return {}
}
