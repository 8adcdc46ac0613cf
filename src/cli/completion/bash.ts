import { namesByValues, namesWithValue, type Completed, type Values } from "./declared.ts"

/**
 * The script for bash. Row names hold colons, at which bash splits words: what stands before the last one is cut off.
 * Words after an option that takes a value are not commands; rows are those of the folder that `-C` names.
 */
export function bash(commands: readonly Completed[]): string {
  const groups = commands.filter((one) => one.commands.length > 0 && one.place !== "").map(({ place }) => place)
  const places = commands.map(({ place, commands: below, options, rest }) => {
    const names = options.flatMap((option) => option.names)
    const words = [...below.map(({ name }) => name), ...names]
    return `      ${place === "" ? '""' : `"${place}"`}) words="${words.join(" ")}${rest === "unknown" ? "" : ` ${wordsOf(rest)}`}" ;;`
  })
  const values = [...namesByValues(commands).values()].map(
    ({ names, value }) => `    ${names.join("|")}) ${valueLine(value)} ;;`,
  )
  const taking = namesWithValue(commands).filter((name) => name !== "-C" && name !== "--directory")
  return `# nbstacks completion for bash: source <(nbstacks completion bash)
_nbstacks_rows() {
  "\${COMP_WORDS[0]:-nbstacks}" "\${folder[@]}" tree --json 2>/dev/null | sed -n 's/^ *"image": "\\(.*\\)",*$/\\1/p'
}
_nbstacks() {
  local line="\${COMP_LINE:0:COMP_POINT}" word words="" place="" at=1
  local -a folder=()
  word="\${line##* }"
  while [ "$at" -lt "$COMP_CWORD" ]; do
    case "\${COMP_WORDS[at]}" in
      -C|--directory) at=$((at + 1)); folder=(-C "\${COMP_WORDS[at]/#\\~/$HOME}") ;;
      ${taking.join("|")}) at=$((at + 1)) ;;
      -*) ;;
      *) case "$place" in
        "") place="\${COMP_WORDS[at]}" ;;
        ${groups.join("|")}) place="$place \${COMP_WORDS[at]}" ;;
      esac ;;
    esac
    at=$((at + 1))
  done
  COMPREPLY=()
  case "\${COMP_WORDS[COMP_CWORD-1]}" in
${values.join("\n")}
    ${taking.join("|")}) return ;;
    *) case "$place" in
${places.join("\n")}
    esac ;;
  esac
  local colon="\${word%"\${word##*:}"}"
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  [ -z "$colon" ] || COMPREPLY=("\${COMPREPLY[@]#"$colon"}")
}
complete -o default -F _nbstacks nbstacks
`
}

function wordsOf(values: Values): string {
  return values === "rows" ? "$(_nbstacks_rows)" : typeof values === "string" ? "" : values.join(" ")
}

function valueLine(values: Values): string {
  if (values === "folders") return 'COMPREPLY=($(compgen -d -- "$word")); return'
  return values === "files" ? "return" : `words="${wordsOf(values)}"`
}
