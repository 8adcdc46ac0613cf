/** Who a container runs as, by numbers. */
export type User = {
  readonly uid: number
  readonly gid: number
  /** All groups, the primary one included. */
  readonly groups: readonly number[]
  readonly home: string
  readonly name: string | undefined
}

/**
 * Resolves an image's `User` as Docker does: a name or number, with or without `:group`; empty is root. The
 * texts are the image's /etc/passwd and /etc/group. `undefined` when a name is in neither.
 * https://github.com/opencontainers/image-spec/blob/main/config.md#properties
 */
export function resolveUser(user: string, passwd: string, group: string): User | undefined {
  const [who = "", what] = user.split(":")
  const accounts = fields(passwd).filter((line) => line.length >= 7)
  const account =
    accounts.find((line) => line[0] === (who === "" ? "root" : who)) ?? accounts.find((line) => line[2] === who)
  const uid = who === "" ? 0 : ((account ? number(account[2]) : undefined) ?? number(who))
  if (uid === undefined) return undefined
  const groups = fields(group).filter((line) => line.length >= 3)
  const gid = what === undefined || what === "" ? (number(account?.[3]) ?? 0) : groupId(what, groups)
  if (gid === undefined) return undefined
  const name = account?.[0]
  const others =
    name === undefined || (what !== undefined && what !== "")
      ? []
      : groups.filter((line) => line[3]?.split(",").includes(name)).map((line) => number(line[2]))
  return {
    uid,
    gid,
    groups: [...new Set([gid, ...others.filter((id) => id !== undefined)])],
    home: account?.[5]?.startsWith("/") === true ? account[5] : "/",
    name,
  }
}

function groupId(text: string, groups: readonly (readonly string[])[]): number | undefined {
  return number(groups.find((line) => line[0] === text)?.[2]) ?? number(text)
}

function fields(text: string): readonly (readonly string[])[] {
  return text.split("\n").map((line) => line.split(":"))
}

/** Ids above 2^31 are refused as Docker does. */
function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) && Number(text) < 2 ** 31 ? Number(text) : undefined
}
