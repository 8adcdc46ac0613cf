/** Facts about this machine and this user. */
export type Machine = {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly machine: {
    /** As Node names them: `linux`, `darwin`, `win32`. */
    readonly os: string
    /** As OCI names them: `amd64`, `arm64`. */
    readonly architecture: string
    /** Effective user and group id; -1 where there are none. */
    readonly uid: number
    readonly gid: number
    readonly cores: number
    /** In bytes. */
    readonly memory: number
    readonly home: string
    readonly temporary: string
    readonly pid: number
  }
  /** For long work: from now on a small footprint counts more than speed. */
  readonly saveMemory: () => void
}
