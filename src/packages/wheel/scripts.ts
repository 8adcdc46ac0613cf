import type { EntryPoint } from "./entry-points.ts"

/** The longest first line that Linux reads, `#!` and newline included (BINPRM_BUF_SIZE of old kernels). */
const longest = 127

/** The first line of a script; through `/bin/sh` where the kernel would not read it whole. */
function shebang(interpreter: string): string {
  const plain = `#!${interpreter}\n`
  if (Buffer.byteLength(plain) <= longest && !/\s/.test(interpreter)) return plain
  const quoted = interpreter.replaceAll("'", `'"'"'`)
  return `#!/bin/sh\n'''exec' '${quoted}' "$0" "$@"\n' '''\n`
}

/** The file in `bin` that calls an entry point. */
export function entryScript(point: EntryPoint, interpreter: string): Buffer {
  const [first = ""] = point.attribute.split(".")
  return Buffer.from(
    `${shebang(interpreter)}import sys\n\nfrom ${point.module} import ${first}\n\nif __name__ == "__main__":\n    sys.exit(${point.attribute}())\n`,
  )
}

/** True for the first bytes of a script whose interpreter the installer has to fill in: `#!python` or `#!pythonw`. */
export function wantsInterpreter(start: Uint8Array): boolean {
  return Buffer.from(start).subarray(0, 8).toString("latin1") === "#!python"
}

/** A script with its first line replaced. What stood behind `#!python`, such as `-E`, is kept where it fits. */
export function withInterpreter(script: Buffer, interpreter: string): Buffer {
  const newline = script.indexOf(0x0a)
  const end = newline === -1 ? script.length : newline + 1
  const line = script.subarray(0, end).toString("utf8")
  const rest = /^#!pythonw?([ \t][^\r\n]*)?\r?\n?$/.exec(line)?.[1]?.trim() ?? ""
  const first = shebang(interpreter)
  const argument = rest !== "" && !first.startsWith("#!/bin/sh") ? `${first.slice(0, -1)} ${rest}\n` : first
  return Buffer.concat([Buffer.from(argument), script.subarray(end)])
}
