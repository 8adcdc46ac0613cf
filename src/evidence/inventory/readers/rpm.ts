import type { Item, Package, Reader } from "../item.ts"
import { given, said } from "./fields.ts"
import { rpmHeaders } from "./rpm-database.ts"
import { rpmHeader, type RpmHeader } from "./rpm-header.ts"

/** Where RPM's databases are: of old, since Fedora 36 and in openSUSE, and of images that rpm-ostree made. */
const folder = /^(?:var\/lib|usr\/lib\/sysimage|usr\/share)\/rpm\//

/** RPM's database in SQLite, as it is since RPM 4.16. */
export const rpm: Reader = {
  wants: (path) => path.endsWith("/rpmdb.sqlite") && folder.test(path),
  read(_, content) {
    const found: Item[] = []
    try {
      for (const blob of rpmHeaders(content)) {
        const header = rpmHeader(blob)
        if (header === undefined) return [...found, unread("it is damaged")]
        found.push(packageOf(header))
      }
      return found
    } catch {
      // Whatever SQLite says of bytes that are not what their name promises.
      return [...found, unread("it is damaged")]
    }
  },
}

/** What RPM has written beside its database, and not yet into it; nothing in nearly all images. */
export const rpmLog: Reader = {
  wants: (path) => path.endsWith("/rpmdb.sqlite-wal") && folder.test(path),
  read: (_, content) => (content.length === 0 ? [] : [unread("it has changes that are not in the database yet")]),
}

/** The forms before: Berkeley DB, and ndb of openSUSE. */
export const rpmOld: Reader = {
  isByName: true,
  wants: (path) => /\/Packages(?:\.db)?$/.test(path) && folder.test(path),
  read: () => [unread("it is an rpm database of an old form")],
}

function unread(why: string): Item {
  return { kind: "unread", name: "rpm", ecosystem: "rpm", why }
}

function packageOf({ name, version, architecture, licence, vendor, source, size }: RpmHeader): Package {
  return {
    kind: "package",
    ecosystem: "rpm",
    name: name.slice(0, 400),
    version: version.slice(0, 400),
    ...given({
      architecture: said(architecture),
      licence: said(licence),
      vendor: said(vendor),
      origin: said(source),
      size,
    }),
  }
}
