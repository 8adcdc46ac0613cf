/**
 * Whether what is written to a stream is coloured: on a terminal, unless `NO_COLOR` (https://no-color.org) or
 * `TERM=dumb` says otherwise; `FORCE_COLOR` colours everywhere. That a CI runs us makes no terminal of a log.
 */
export function wantsColor(
  env: Readonly<Record<string, string | undefined>>,
  { isTTY }: { readonly isTTY?: boolean | undefined },
): boolean {
  const force = env["FORCE_COLOR"]
  if (force !== undefined && force !== "0") return true
  return isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb"
}
