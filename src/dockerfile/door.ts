import type { DockerfileDoor } from "../config/door.ts"
import type { FolderView } from "../files/folder-view.ts"
import { analyse } from "./analyse.ts"

/** What the configuration asks of Dockerfiles, for the files of one folder. Arguments of the platform are those of linux/amd64. */
export function dockerfileDoor(view: FolderView): DockerfileDoor {
  return {
    async finalBase(file, args, target) {
      const text = await view.text(file)
      const at = { file, line: 1, column: 1 }
      if (text === undefined) return { wrong: [{ at, rule: "missing-dockerfile", message: `there is no \`${file}\`` }] }
      const { finalBase, problems } = analyse(text, { file, args, target, platform: "linux/amd64" })
      const wrong = problems.filter(({ rule }) => rule === "dockerfile-syntax" || rule === "dockerfile-target")
      return wrong.length > 0 ? { wrong } : { base: finalBase.unset.length > 0 ? undefined : finalBase.expanded }
    },
  }
}
