import { namesByValues, namesWithValue, type Completed, type Values } from "./declared.ts"

/** The script for zsh. */
export function zsh(commands: readonly Completed[]): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
  const described = ({ name, summary }: { name: string; summary: string }): string => quoted(`${name}:${summary}`)
  const groups = commands.filter((one) => one.commands.length > 0 && one.place !== "").map(({ place }) => place)
  const places = commands.map(({ place, commands: below, options, rest }) => {
    const names = options.flatMap((option) => option.names).join(" ")
    const words = [
      ...(below.length > 0 ? [`listed=(${below.map(described).join(" ")}); _describe command listed`] : []),
      `compadd -- ${names}`,
      ...(rest === "unknown" ? (below.length > 0 ? [] : ["_files"]) : [valueLine(rest)]),
    ]
    return `    ${quoted(place)}) ${words.join("; ")} ;;`
  })
  const values = [...namesByValues(commands).values()].map(
    ({ names, value }) => `    ${names.join("|")}) ${valueLine(value)}; return ;;`,
  )
  const taking = namesWithValue(commands).filter((name) => name !== "-C" && name !== "--directory")
  return `#compdef nbstacks
# nbstacks completion for zsh: nbstacks completion zsh > "\${fpath[1]}/_nbstacks"
_nbstacks_rows() {
  \${words[1]:-nbstacks} $folder tree --json 2>/dev/null | sed -n 's/^ *"image": "\\(.*\\)",*$/\\1/p'
}
_nbstacks() {
  local -a folder listed
  local place="" at=2
  while (( at < CURRENT )); do
    case "$words[at]" in
      -C|--directory) (( at++ )); folder=(-C "\${words[at]/#\\~/$HOME}") ;;
      ${taking.join("|")}) (( at++ )) ;;
      -*) ;;
      *) case "$place" in
        "") place="$words[at]" ;;
        ${groups.join("|")}) place="$place $words[at]" ;;
      esac ;;
    esac
    (( at++ ))
  done
  case "$words[CURRENT-1]" in
${values.join("\n")}
    ${taking.join("|")}) return ;;
  esac
  case "$place" in
${places.join("\n")}
  esac
}
compdef _nbstacks nbstacks
`
}

function valueLine(values: Values): string {
  if (values === "rows") return "compadd -- $(_nbstacks_rows)"
  if (values === "folders") return "_files -/"
  return typeof values === "string" ? "_files" : `compadd -- ${values.join(" ")}`
}
