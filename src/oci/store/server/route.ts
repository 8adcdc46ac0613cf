/** What a request is about. */
type Route =
  | { readonly kind: "support" }
  | { readonly kind: "blob"; readonly repository: string; readonly digest: string }
  | { readonly kind: "uploads"; readonly repository: string }
  | { readonly kind: "upload"; readonly repository: string; readonly id: string }
  | { readonly kind: "manifest"; readonly repository: string; readonly reference: string }
  | { readonly kind: "tags"; readonly repository: string }
  | { readonly kind: "referrers"; readonly repository: string; readonly digest: string }

export type Target = { readonly route: Route; readonly query: URLSearchParams }

/**
 * Understands a request's target; undefined when the specification knows no such path. A repository may have parts
 * that are called `blobs` or `manifests`, so paths are read from their end. Names are not judged here.
 */
export function readTarget(target: string): Target | undefined {
  const question = target.indexOf("?")
  const path = question === -1 ? target : target.slice(0, question)
  const query = new URLSearchParams(question === -1 ? "" : target.slice(question + 1))
  let parts: string[]
  try {
    parts = path.split("/").map(decodeURIComponent)
  } catch {
    return undefined
  }
  if (parts[0] !== "" || parts[1] !== "v2") return undefined
  const rest = parts.slice(2)
  const route =
    rest.length === 0 || (rest.length === 1 && rest[0] === "") ? { kind: "support" as const } : routeOf(rest)
  return route && { route, query }
}

function routeOf(parts: readonly string[]): Route | undefined {
  const [last = "", before = "", third = ""] = parts.toReversed()
  const repository = (dropped: number): string => parts.slice(0, -dropped).join("/")
  if (third === "blobs" && before === "uploads")
    return last === ""
      ? { kind: "uploads", repository: repository(3) }
      : { kind: "upload", repository: repository(3), id: last }
  if (before === "blobs" && last === "uploads") return { kind: "uploads", repository: repository(2) }
  if (before === "blobs") return { kind: "blob", repository: repository(2), digest: last }
  if (before === "manifests") return { kind: "manifest", repository: repository(2), reference: last }
  if (before === "tags" && last === "list") return { kind: "tags", repository: repository(2) }
  if (before === "referrers") return { kind: "referrers", repository: repository(2), digest: last }
  return undefined
}
