import type { DockerfileDoor } from "../config/door.ts"
import { Failure } from "../failure.ts"
import type { FolderView } from "../files/folder-view.ts"
import { analyse } from "./analyse.ts"

/** What the configuration asks of Dockerfiles, for the files of one folder. Arguments of the platform are those of linux/amd64. */
export function dockerfileDoor(view: FolderView): DockerfileDoor {
  return {
    async finalBase(file, args, target) {
      const text = await view.text(file)
      if (text === undefined) throw new Failure("cannot", `there is no \`${file}\``)
      const { finalBase, problems } = analyse(text, { file, args, target, platform: "linux/amd64" })
      const wrong = problems.find(({ rule }) => rule === "dockerfile-syntax" || rule === "dockerfile-target")
      if (wrong !== undefined)
        throw new Failure(
          "cannot",
          `${file}:${wrong.at.line}: ${wrong.message}`,
          wrong.hint === undefined ? {} : { hint: wrong.hint },
        )
      return finalBase.unset.length > 0 ? undefined : finalBase.expanded
    },
  }
}
