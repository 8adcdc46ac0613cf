import type { Rule } from "../judged-tree.ts"
import { meant } from "../nearest.ts"

/** The host's certificate bundle, offered to every Dockerfile. */
const certificateSecret = "ca_bundle"

/** A secret comes from one place, and its id is free. */
export const secretsHaveOneSource: Rule = ({ written, places }, judge) => {
  const secrets = written.secrets ?? {}
  for (const [id, { environment, file }] of Object.entries(secrets)) {
    const at = places.key(secrets, id)
    if (id === certificateSecret)
      judge(at, {
        rule: "reserved-secret",
        message: `\`${id}\` is the machine's certificate bundle, which every Dockerfile may mount`,
        hint: "Give the secret another name",
      })
    else if ((environment === undefined) === (file === undefined))
      judge(at, {
        rule: "secret-source",
        message: `the secret \`${id}\` needs one of \`environment\` and \`file\`${file === undefined ? "" : ", not both"}`,
      })
    else if (file !== undefined && /\p{Cc}/u.test(file))
      judge(at, { rule: "path", message: `the file of the secret \`${id}\` holds a control character` })
    else if (environment !== undefined && !/^[A-Za-z_][A-Za-z0-9_]*$/.test(environment))
      judge(at, { rule: "variable-name", message: `\`${environment}\` is no name of a variable` })
  }
}

/** An image uses secrets that are declared. */
export const secretsAreDeclared: Rule = ({ written, rows, places }, judge) => {
  const declared = Object.keys(written.secrets ?? {})
  for (const { draft } of rows) {
    const list = draft.fields.secrets ?? []
    for (const [index, id] of list.entries()) {
      if (declared.includes(id)) continue
      judge(places.value(list, index), {
        rule: id === certificateSecret ? "reserved-secret" : "unknown-secret",
        message:
          id === certificateSecret
            ? `\`${id}\` is offered to every Dockerfile; it is not listed`
            : `there is no secret \`${id}\``,
        hint: id === certificateSecret ? undefined : (meant(id, declared) ?? "Declare it in `secrets`"),
      })
    }
  }
}
