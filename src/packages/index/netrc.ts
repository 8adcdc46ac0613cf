/** A name and a password for a host. */
export type Login = { readonly user: string; readonly password: string }

/**
 * Logins of a `.netrc` file by host name; `default` is under the empty name. Macros are passed over.
 * https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html
 */
export function parseNetrc(text: string): ReadonlyMap<string, Login> {
  const logins = new Map<string, Login>()
  const tokens = words(text)
  let host: string | undefined
  let user = ""
  let password = ""
  const close = (): void => {
    if (host !== undefined && !logins.has(host)) logins.set(host, { user, password })
    user = ""
    password = ""
  }
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]
    if (token === "machine" || token === "default") {
      close()
      host = token === "default" ? "" : (tokens[++at] ?? "").toLowerCase()
    } else if (token === "login" || token === "user") user = tokens[++at] ?? ""
    else if (token === "password") password = tokens[++at] ?? ""
    else if (token === "account") at++
  }
  close()
  return logins
}

function words(text: string): string[] {
  const found: string[] = []
  let inMacro = false
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === "") inMacro = false
    if (inMacro) continue
    for (const [, quoted, plain = ""] of line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)) {
      if (quoted === undefined && plain.startsWith("#")) break
      if (plain === "macdef") {
        inMacro = true
        break
      }
      found.push(quoted === undefined ? plain : quoted.replace(/\\(.)/g, "$1"))
    }
  }
  return found
}
