import { namesWithValue, type Completed, type Values } from "./declared.ts"

/** The script for fish. */
export function fish(commands: readonly Completed[]): string {
  const groups = commands.filter((one) => one.commands.length > 0 && one.place !== "").map(({ place }) => place)
  const taking = namesWithValue(commands).filter((name) => name !== "-C" && name !== "--directory")
  const lines = commands.flatMap(({ place, commands: below, options, rest }) => {
    const start = `complete -c nbstacks -n '__nbstacks_at "${place}"'`
    return [
      ...below.map(({ name, summary }) => `${start} -f -a ${name} -d ${quoted(summary)}`),
      ...options.map(
        ({ names, summary, value }) =>
          `${start} ${names.map(flag).join(" ")}${valueFlags(value)} -d ${quoted(summary)}`,
      ),
      ...(rest === "unknown" ? [] : [`${start} -f -a ${quoted(wordsOf(rest))}`]),
    ]
  })
  return `# nbstacks completion for fish: nbstacks completion fish | source
# The command that is written, then the folder that -C names, a line each.
function __nbstacks_scan
  set -l place
  set -l folder .
  set -l words (commandline -opc)[2..]
  while set -q words[1]
    switch $words[1]
      case -C --directory
        set -e words[1]
        set -q words[1]; and set folder (string replace -r '^~' $HOME -- $words[1])
      case ${taking.join(" ")}
        set -e words[1]
      case '-*'
      case '*'
        if not set -q place[1]; or begin; not set -q place[2]; and contains -- $place[1] ${groups.join(" ")}; end
          set -a place $words[1]
        end
    end
    set -q words[1]; and set -e words[1]
  end
  echo (string join ' ' -- $place)
  echo $folder
end
function __nbstacks_at
  set -l scan (__nbstacks_scan)
  test "$scan[1]" = "$argv[1]"
end
function __nbstacks_rows
  set -l scan (__nbstacks_scan)
  nbstacks -C $scan[2] tree --json 2>/dev/null | string replace -rf '^ *"image": "(.*)",*$' '$1'
end
${lines.join("\n")}
`
}

function flag(name: string): string {
  return name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`
}

function valueFlags(values: Values | undefined): string {
  if (values === undefined) return ""
  if (values === "files") return " -r"
  return values === "unknown" ? " -x" : ` -x -a ${quoted(wordsOf(values))}`
}

function wordsOf(values: Values): string {
  if (values === "rows") return "(__nbstacks_rows)"
  if (values === "folders") return "(__fish_complete_directories)"
  return typeof values === "string" ? "" : values.join(" ")
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`
}
