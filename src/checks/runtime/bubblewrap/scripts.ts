/** Programs of the machine run with this alone, so that nothing of an image decides how they load. */
export const plainEnvironment: Readonly<Record<string, string>> = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LC_ALL: "C",
}

/**
 * Mounts `$1` (below) and `$2/rw` (writes) at `$2/merged`, with `$3` as further options. Names are relative and plain,
 * since a comma or a colon would end an option. Where writes cannot go to this file system, they go to memory.
 */
export const overlayScript = `set -eu
over() { mount -t overlay overlay -o "$3lowerdir=$1,upperdir=$2/rw/upper,workdir=$2/rw/work" "$2/merged"; }
over "$1" "$2" "$3" 2>/dev/null || {
  mount -t tmpfs tmpfs "$2/rw"
  mkdir "$2/rw/upper" "$2/rw/work"
  chmod 0755 "$2/rw/upper"
  over "$1" "$2" "$3"
}`

/** A private copy, shared block by block where the file system can. */
export const copyScript = `set -eu
rmdir "$2/merged"
cp -a --reflink=auto "$1" "$2/merged"`

/** Puts the machine's name files into the image, unless its /etc is something else than a folder. Then starts bubblewrap. */
export const startScript = `if [ -d "$2/merged/etc" ] && [ ! -L "$2/merged/etc" ]; then
  for name in resolv.conf hosts hostname; do
    rm -rf "$2/merged/etc/$name"
    cp "$2/etc/$name" "$2/merged/etc/$name"
  done
fi
run=$2
bwrap=$4
shift 4
exec "$bwrap" --args 4 --json-status-fd 3 -- "$@" 3>"$run/status" 4<"$run/args"`

/** Inside, as the image's user: its environment, its workdir, its command. */
export const insideScript = `. /.nbstacks-environment
mkdir -p -- "$1" 2>/dev/null
cd -- "$1" || exit 126
shift
exec "$@"`

const shellName = /^[A-Za-z_][A-Za-z0-9_]*$/

/** A shell script that sets an environment. Names that a shell cannot set go through \`env\` before the command. */
export function environmentScript(env: Readonly<Record<string, string>>): string {
  const entries = Object.entries(env).filter(
    ([name, value]) => name !== "" && !/[=\0]/.test(name) && !value.includes("\0"),
  )
  const plain = entries.filter(([name]) => shellName.test(name))
  const odd = entries.filter(([name]) => !shellName.test(name))
  const lines = ["unset LC_ALL", ...plain.map(([name, value]) => `export ${name}=${quoted(value)}`)]
  if (odd.length > 0) {
    const pairs = odd.map(([name, value]) => quoted(`${name}=${value}`)).join(" ")
    lines.push(`first=$1; shift; set -- "$first" env ${pairs} "$@"; unset first`)
  }
  return `${lines.join("\n")}\n`
}

/** A text as one word of a shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
