/** How somebody logs in to a registry. */
export type Credentials =
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  /** A refresh token, given for tokens at the token server. */
  | { readonly kind: "identity"; readonly token: string }
  /** A token that the registry itself takes. */
  | { readonly kind: "registry"; readonly token: string }

/** The value of a basic `Authorization` header. */
export function basicHeader({ username, password }: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`
}
