import type { CommandUnknownOpts } from "@commander-js/extra-typings"
import type { Context } from "../context.ts"
import { makeProgram } from "../program.ts"

type Shell = "bash" | "zsh" | "fish"

/** Prints a completion script. Commands and options are in it; rows are asked for with `nbstacks tree --json`. */
export async function completion({ io }: Context, shell: Shell): Promise<number> {
  const program = makeProgram(async () => undefined, "")
  const commands = program.commands.map((command) => ({
    name: command.name(),
    summary: command.summary(),
    words: wordsOf(command),
    rows: command.registeredArguments.some((argument) => /^rows?$/.test(argument.name())),
  }))
  io.out({ bash, zsh, fish }[shell](commands))
  return 0
}

type Completed = {
  readonly name: string
  readonly summary: string
  readonly words: readonly string[]
  readonly rows: boolean
}

function wordsOf(command: CommandUnknownOpts): readonly string[] {
  const options = command.options.filter(({ hidden }) => !hidden).flatMap(({ long }) => (long ? [long] : []))
  return [...command.commands.map((one) => one.name()), ...options, "--help"]
}

// Row names hold colons, at which bash splits words: what stands before the last one is cut off.
function bash(commands: readonly Completed[]): string {
  const cases = commands.map(
    ({ name, words, rows }) => `    ${name}) words="${words.join(" ")}${rows ? " $(_nbstacks_rows)" : ""}" ;;`,
  )
  return `# nbstacks completion for bash: source <(nbstacks completion bash)
_nbstacks_rows() {
  nbstacks tree --json 2>/dev/null | sed -n 's/^ *"id": "\\(.*\\)",*$/\\1/p'
}
_nbstacks() {
  local line="\${COMP_LINE:0:COMP_POINT}" word words command
  word="\${line##* }"
  command="\${COMP_WORDS[1]}"
  if [ "$COMP_CWORD" -le 1 ]; then
    words="${commands.map(({ name }) => name).join(" ")} help --help --version -C"
  else
    case "\${COMP_WORDS[COMP_CWORD-1]}" in --only|--except) words="$(_nbstacks_rows)" ;; *) case "$command" in
${cases.join("\n")}
    esac ;; esac
  fi
  local colon="\${word%"\${word##*:}"}"
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  [ -z "$colon" ] || COMPREPLY=("\${COMPREPLY[@]#"$colon"}")
}
complete -o default -F _nbstacks nbstacks
`
}

function zsh(commands: readonly Completed[]): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
  const names = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`)
  const cases = commands.map(
    ({ name, words, rows }) => `    ${name}) compadd -- ${words.join(" ")}${rows ? " $(_nbstacks_rows)" : ""} ;;`,
  )
  return `#compdef nbstacks
# nbstacks completion for zsh: nbstacks completion zsh > "\${fpath[1]}/_nbstacks"
_nbstacks_rows() {
  nbstacks tree --json 2>/dev/null | sed -n 's/^ *"id": "\\(.*\\)",*$/\\1/p'
}
_nbstacks() {
  local -a commands
  commands=(
${names.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case "$words[CURRENT-1]" in --only|--except) compadd -- $(_nbstacks_rows); return ;; esac
  case "$words[2]" in
${cases.join("\n")}
  esac
  _files
}
compdef _nbstacks nbstacks
`
}

function fish(commands: readonly Completed[]): string {
  const lines = commands.flatMap(({ name, summary, words, rows }) => [
    `complete -c nbstacks -n __fish_use_subcommand -f -a ${name} -d "${summary}"`,
    ...words
      .filter((word) => word.startsWith("--"))
      .map((word) => `complete -c nbstacks -n "__fish_seen_subcommand_from ${name}" -l ${word.slice(2)}`),
    ...(rows ? [`complete -c nbstacks -n "__fish_seen_subcommand_from ${name}" -f -a "(__nbstacks_rows)"`] : []),
  ])
  return `# nbstacks completion for fish: nbstacks completion fish | source
function __nbstacks_rows
  nbstacks tree --json 2>/dev/null | string replace -rf '^ *"id": "(.*)",*$' '$1'
end
${lines.join("\n")}
`
}
