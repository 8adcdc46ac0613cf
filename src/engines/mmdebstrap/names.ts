import { Failure } from "../../failure.ts"

/** Debian Policy 5.6.1, 5.6.12; suites as apt takes them. What fits can be no option and no pattern of apt's. */
const packageShape = /^[a-z0-9][a-z0-9+.-]{0,127}$/
const versionShape = /^[0-9][A-Za-z0-9.+~:-]{0,127}$/
const suiteShape = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** A package of a Debian release, at a version. */
export type Versioned = { readonly name: string; readonly version: string }

/** Fails with `cannot` when a name is no Debian package name. */
export function requirePackageName(name: string): void {
  if (!packageShape.test(name))
    throw new Failure("cannot", `\`${name}\` is no name of a Debian package`, {
      hint: "A name has small letters, digits, `+`, `-` and `.`: correct `packages`",
    })
}

/** Fails with `cannot` when a suite's name is none. */
export function requireSuite(suite: string): void {
  if (!suiteShape.test(suite))
    throw new Failure("cannot", `\`${suite}\` is no name of a Debian suite`, {
      hint: "A suite is called such as `bookworm` or `stable`: correct `suite`",
    })
}

/** Fails with `cannot` when a locked package has another form than Debian's. */
export function requireLocked(locked: readonly Versioned[]): void {
  for (const { name, version } of locked) {
    requirePackageName(name)
    if (!versionShape.test(version))
      throw new Failure("cannot", `\`${version}\` is no version of the Debian package ${name}`, {
        hint: "Run `nbstacks lock --upgrade`",
      })
  }
}
