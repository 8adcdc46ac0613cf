import { join } from "node:path"
import { Failure } from "../../../failure.ts"
import type { RunnableImage } from "../../image.ts"
import type { RuntimeHost } from "../runtime.ts"
import { resolveUser, type User } from "../users.ts"

const largest = 4 * 1024 * 1024

/** Who the image runs as, by its own /etc/passwd and /etc/group below `root`. Fails with `no` when it names nobody. */
export async function accountOf(host: Pick<RuntimeHost, "files">, image: RunnableImage, root: string): Promise<User> {
  const user = resolveUser(image.user, await etc(host, root, "passwd"), await etc(host, root, "group"))
  if (user !== undefined) return user
  throw new Failure("no", `The user of ${image.name}, \`${image.user}\`, is not in its /etc/passwd`, {
    hint: "Give `user` by numbers, such as 1000:100, or add the account",
  })
}

/** Links are not followed: they could lead out of the image. */
async function etc(host: Pick<RuntimeHost, "files">, root: string, name: string): Promise<string> {
  if ((await host.files.stat(join(root, "etc")))?.kind !== "directory") return ""
  const path = join(root, "etc", name)
  const stat = await host.files.stat(path)
  return stat?.kind === "file" && stat.size <= largest ? await host.files.readText(path) : ""
}
