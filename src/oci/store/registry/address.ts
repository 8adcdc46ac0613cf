/** The four bytes of an IPv4 address in dotted form, which is what `URL` makes of every other form. */
function ipv4(hostname: string): readonly number[] | undefined {
  if (!/^\d{1,3}(?:\.\d{1,3}){3}$/.test(hostname)) return undefined
  const bytes = hostname.split(".").map(Number)
  return bytes.every((byte) => byte <= 255) ? bytes : undefined
}

/** The eight groups of an IPv6 address in the brackets of a URL. */
function ipv6(hostname: string): readonly number[] | undefined {
  if (!hostname.startsWith("[") || !hostname.endsWith("]")) return undefined
  const [before = "", after] = hostname.slice(1, -1).split("::")
  const groups = (text: string): number[] => (text === "" ? [] : text.split(":").map((group) => parseInt(group, 16)))
  if (after === undefined) return groups(before)
  const [head, tail] = [groups(before), groups(after)]
  return [...head, ...Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => 0), ...tail]
}

/** True for an address or a name of this machine itself. `hostname` as `URL.hostname` gives it. */
export function isLoopback(hostname: string): boolean {
  if (hostname === "localhost" || hostname.endsWith(".localhost")) return true
  return ipv4(hostname)?.[0] === 127 || hostname === "[::1]"
}

/** True for addresses of one link only, where clouds answer questions about the machine itself (169.254.169.254). */
export function isLinkLocal(hostname: string): boolean {
  const four = ipv4(hostname)
  if (four !== undefined) return four[0] === 169 && four[1] === 254
  const six = ipv6(hostname)
  return six !== undefined && ((six[0] ?? 0) & 0xffc0) === 0xfe80
}

/**
 * True for what the public network cannot reach: loopback, link-local, private, shared and reserved addresses
 * (RFC 6890), names that exist only inside a network, and names without a dot. Names are not looked up.
 */
export function isPrivate(hostname: string): boolean {
  const four = ipv4(hostname)
  if (four !== undefined) return isPrivate4(four)
  const six = ipv6(hostname)
  if (six !== undefined) return isPrivate6(six)
  const name = hostname.replace(/\.$/, "")
  return isLoopback(name) || !name.includes(".") || /\.(?:local|internal|home\.arpa|lan)$/.test(name)
}

function isPrivate4([a = 0, b = 0, c = 0]: readonly number[]): boolean {
  if (a === 0 || a === 10 || a === 127 || a >= 224) return true
  if (a === 100) return b >= 64 && b < 128
  if (a === 172) return b >= 16 && b < 32
  if (a === 192) return b === 168 || (b === 0 && c === 0)
  return (a === 169 && b === 254) || (a === 198 && (b === 18 || b === 19))
}

function isPrivate6(groups: readonly number[]): boolean {
  const [first = 0] = groups
  const high = groups[6] ?? 0
  const low = groups[7] ?? 0
  const embedded = [high >> 8, high & 255, low >> 8, low & 255]
  // ::, ::1, and IPv4 addresses in ::/96 and ::ffff:0:0/96
  if (groups.slice(0, 5).every((group) => group === 0)) {
    return groups[5] === 0xffff || groups[5] === 0 ? isPrivate4(embedded) : false
  }
  // RFC 6052: an IPv4 address behind the well-known prefix
  if (first === 0x64 && groups[1] === 0xff9b) return isPrivate4(embedded)
  return (first & 0xfe00) === 0xfc00 || (first & 0xffc0) === 0xfe80 || (first & 0xff00) === 0xff00
}
