import { constants, DatabaseSync } from "node:sqlite"

/** The table as RPM makes it: no view, no virtual table, nothing computed. https://github.com/rpm-software-management/rpm/blob/master/lib/backend/sqlite.cc */
const shape = /^CREATE TABLE (['"]?)Packages\1 \(\s*hnum INTEGER PRIMARY KEY AUTOINCREMENT,\s*blob BLOB NOT NULL\s*\)$/

/** More packages than anybody installs. */
const mostPackages = 100_000
/** A header of more is none, in bytes. */
const largestHeader = 32 * 1024 * 1024

/**
 * Gives the headers that RPM's database in SQLite has. Nothing is written anywhere: SQLite has the bytes in memory, and may do nothing
 * but read this table. Throws an `Error` where they are no such database, or more is in them than fits.
 */
export function* rpmHeaders(content: Buffer): Generator<Uint8Array> {
  const limits = { length: largestHeader, sqlLength: 10_000, attach: 0, triggerDepth: 0 }
  using database = new DatabaseSync(":memory:", { allowExtension: false, defensive: true, limits })
  openIn(database, content)
  database.exec("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")
  const table = database.prepare("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'Packages'").get()
  if (typeof table?.["sql"] !== "string" || !shape.test(table["sql"])) throw new Error("there is no table of packages")
  database.setAuthorizer((action, of) =>
    action === constants.SQLITE_SELECT || (action === constants.SQLITE_READ && of === "Packages")
      ? constants.SQLITE_OK
      : constants.SQLITE_DENY,
  )
  let [count, size] = [0, 0]
  for (const { blob } of database.prepare("SELECT blob FROM main.Packages").iterate()) {
    if (!(blob instanceof Uint8Array)) throw new Error("a header is no blob")
    count++
    size += blob.length
    // Pages that are in the tree of a table more than once.
    if (count > mostPackages || size > content.length) throw new Error("it has more headers than fit")
    yield blob
  }
}

/**
 * A write-ahead log is a file beside a database, which is not here: without a mark for it SQLite does not look for one. The mark is taken off
 * while SQLite copies the bytes. https://sqlite.org/fileformat2.html#file_format_version_numbers
 */
function openIn(database: DatabaseSync, content: Buffer): void {
  const marks = Buffer.from(content.subarray(18, 20))
  try {
    if (marks.length === 2) content.fill(1, 18, 20)
    database.deserialize(content)
  } finally {
    marks.copy(content, 18)
  }
}
