/**
 * What reading the configuration needs from the room that understands Dockerfiles.
 */
export type DockerfileDoor = {
  /**
   * What the stage that is built (`target`, else the last) is built from, through the stages before it, arguments
   * expanded; `undefined` where an argument without a value leaves it open. `file` is relative to the tree's folder.
   * Fails with a `Failure` for a file that is no Dockerfile, or has no such stage.
   */
  finalBase(
    file: string,
    args: Readonly<Record<string, string>>,
    target: string | undefined,
  ): Promise<string | undefined>
}
