import { isRepository, parseReference } from "../../oci/reference.ts"
import type { Rule } from "../judged-tree.ts"

/** `registry` is a host and a path, or a path to an OCI layout. */
export const registryIsOne: Rule = ({ written, places }, judge) => {
  const { registry } = written
  if (registry === undefined) return
  const at = places.value(written, "registry")
  const rule = "registry"
  // `http://` asks for a plain registry; loopback is plain without it.
  const scheme = /^(?!http:)[a-z]+:\/\/(.*)$/.exec(registry)
  if (/\p{Cc}/u.test(registry)) judge(at, { rule, message: "this holds a control character" })
  else if (scheme !== null)
    judge(at, { rule, message: `\`${registry}\` has a scheme`, hint: `Write ${scheme[1] ?? ""}` })
  else if (isLayout(registry)) return
  else if (registry.endsWith("/"))
    judge(at, { rule, message: `\`${registry}\` ends in \`/\``, hint: `Write ${registry.replace(/\/+$/, "")}` })
  else if (!isRegistry(registry))
    judge(at, {
      rule,
      message: `\`${registry}\` is no registry`,
      hint: isRepository(registry)
        ? `With its host, such as docker.io/${registry}; a folder begins with ./ or /`
        : "Such as ghcr.io/example-hub; a folder begins with ./ or /",
    })
}

function isLayout(registry: string): boolean {
  return /^(?:\/|\.\.?\/|oci:.)/.test(registry)
}

function isRegistry(registry: string): boolean {
  const parsed = parseReference(`${registry.replace(/^http:\/\//, "")}/x`)
  return parsed?.host !== undefined && parsed.tag === undefined && parsed.digest === undefined
}
