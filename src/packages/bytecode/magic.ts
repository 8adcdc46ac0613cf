/**
 * The magic number of released CPythons: a `.pyc` with another one is compiled again. It is fixed from a version's last
 * release candidate on. Source: the table in Lib/importlib/_bootstrap_external.py (3.14: Include/internal/pycore_magic_number.h).
 */
const magicNumbers: Readonly<Record<string, number>> = {
  "3.8": 3413,
  "3.9": 3425,
  "3.10": 3439,
  "3.11": 3495,
  "3.12": 3531,
  "3.13": 3571,
  "3.14": 3627,
}

/** The magic number of `3.11` or `3.11.2`; undefined for a version that is not known here. */
export function magicOf(python: string): number | undefined {
  return magicNumbers[minor(python)]
}

/** What stands in the name of its `.pyc` files: `cpython-311`. PEP 3147. */
export function cacheTag(python: string): string {
  return `cpython-${minor(python).replace(".", "")}`
}

/** Where the bytecode of a source file belongs, both relative to the prefix: PEP 3147. */
export function bytecodePath(source: string, python: string): string {
  const slash = source.lastIndexOf("/") + 1
  const name = source.slice(slash, -".py".length)
  return `${source.slice(0, slash)}__pycache__/${name}.${cacheTag(python)}.pyc`
}

/** False where no file system could hold the bytecode of a source file: Python goes on without it, and so do pip and uv. */
export function hasBytecodePath(source: string, python: string): boolean {
  const path = bytecodePath(source, python)
  return Buffer.byteLength(path.slice(path.lastIndexOf("/") + 1)) <= 255
}

function minor(python: string): string {
  return python.split(".").slice(0, 2).join(".")
}
