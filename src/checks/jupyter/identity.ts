import type { Container } from "../runtime/runtime.ts"
import type { Verdict } from "../verdict.ts"

/** Lists `pid ppid uid gid` of processes with `$1` among their arguments; a tool such as ps need not be there. */
const list = `for process in /proc/[0-9]*; do
  if [ "$process" != "/proc/$$" ] && [ -r "$process/status" ]; then
    arguments=$(tr '\\000\\n' '  ' <"$process/cmdline")
    case "$arguments " in *" $1 "*)
      while read -r name value _; do
        case $name in Pid:|PPid:|Uid:|Gid:) printf '%s ' "$value";; esac
      done <"$process/status"
      echo "$arguments"
    esac
  fi
done 2>/dev/null`

type Process = { readonly pid: number; readonly parent: number; readonly uid: number; readonly gid: number }

/** Whether the server's own process runs as 1000:100. What started it, such as an init, may run as somebody else. */
export async function checkUser(container: Container, mark: string, signal: AbortSignal): Promise<Verdict> {
  const listed = await container.exec(["/bin/sh", "-c", list, "sh", mark], { timeout: 30, signal })
  const servers = serverProcesses(listed.output)
  if (servers.length === 0) {
    return { passed: false, message: "the server's process was not found in /proc", detail: listed.output }
  }
  const other = servers.find(({ uid, gid }) => uid !== 1000 || gid !== 100)
  if (other === undefined) return { passed: true }
  return {
    passed: false,
    message: `the server runs as ${other.uid}:${other.gid}, not as 1000:100; set \`user: "1000:100"\` for the image`,
  }
}

/** Those of the listed processes that have no child among them: the server itself, not what wraps it. */
export function serverProcesses(listing: string): readonly Process[] {
  const marked: Process[] = []
  for (const line of listing.split("\n")) {
    const found = /^(\d+) (\d+) (\d+) (\d+) /.exec(line)
    if (found === null) continue
    const [pid = 0, parent = 0, uid = 0, gid = 0] = found.slice(1, 5).map(Number)
    marked.push({ pid, parent, uid, gid })
  }
  const parents = new Set(marked.map(({ parent }) => parent))
  return marked.filter(({ pid }) => !parents.has(pid))
}
