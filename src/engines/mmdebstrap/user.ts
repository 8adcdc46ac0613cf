import { constantTime } from "../../oci/tar/header.ts"

/** The user of notebook images, as docker-stacks has it: a number that Kubernetes can check, in the group `users`. */
export const notebookUser = {
  name: "jovyan",
  uid: 1000,
  gid: 100,
  home: "/home/jovyan",
  shell: "/bin/bash",
} as const

const { name, uid, gid, home, shell } = notebookUser
const day = Math.floor(constantTime / 86_400)

/** How files about users are changed, by path: the user and its group are there once, days of change are constant. */
export const userFiles: Readonly<Record<string, (text: string) => string>> = {
  "etc/passwd": (text) => withLine(text, name, `${name}:x:${uid}:${gid}::${home}:${shell}`),
  "etc/group": (text) => (/^[^:]*:[^:]*:100:/m.test(text) ? text : withLine(text, "users", `users:x:${gid}:`)),
  // `*`: no password is right. The third field is the day of the last change.
  "etc/shadow": (text) =>
    withLine(text, name, `${name}:*:${day}:0:99999:7:::`).replace(/^([^:\n]+:[^:\n]*):[0-9]+:/gm, `$1:${day}:`),
}

function withLine(text: string, first: string, line: string): string {
  const others = text.split("\n").filter((one) => one !== "" && !one.startsWith(`${first}:`))
  return `${[...others, line].join("\n")}\n`
}
