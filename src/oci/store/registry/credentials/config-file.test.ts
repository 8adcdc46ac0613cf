import { expect, test } from "vitest"
import type { Host } from "../../../../host/host.ts"
import { configPaths, entryCredentials, entryNames } from "./config-file.ts"
import { findCredentials } from "./find.ts"

type Parts = Pick<Host, "files" | "run" | "env" | "machine">

/** A user with these files and variables. */
function user(files: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}): Parts {
  return {
    env,
    machine: { home: "/home/u" },
    run: () => Promise.reject(Object.assign(new Error("no such program"), { code: "ENOENT" })),
    files: {
      stat: (path: string) => Promise.resolve(path in files ? { kind: "file", size: files[path]?.length } : undefined),
      readText: (path: string) => Promise.resolve(files[path] ?? ""),
    },
  } as unknown as Parts
}

const auth = (text: string): { auth: string } => ({ auth: Buffer.from(text).toString("base64") })
const find = (host: Parts, name: string, prefix = ""): ReturnType<typeof findCredentials> =>
  findCredentials(host, { host: name, prefix })

test("files are asked in the order in which people mean them", () => {
  expect(
    configPaths(user({}, { REGISTRY_AUTH_FILE: "/a.json", DOCKER_CONFIG: "/d", XDG_RUNTIME_DIR: "/run/u" })),
  ).toEqual(["/a.json", "/d/config.json", "/run/u/containers/auth.json", "/home/u/.config/containers/auth.json"])
  expect(configPaths(user({}, { DOCKER_CONFIG: "" }))[0]).toBe("/home/u/.docker/config.json")
})

test("a login is found under all names that docker login and podman login gave", async () => {
  const docker = "/home/u/.docker/config.json"
  const file = (auths: object): Parts => user({ [docker]: JSON.stringify({ auths }) })
  const login = { kind: "password", username: "u", password: "p:q" }
  for (const name of ["r.example", "https://r.example", "https://r.example/v1/", "http://r.example/v2/"]) {
    expect(await find(file({ [name]: auth("u:p:q") }), "r.example")).toEqual(login)
  }
  expect(await find(file({ "https://index.docker.io/v1/": auth("u:p:q") }), "docker.io")).toEqual(login)
  expect(
    await find(file({ "r.example": auth("other:x"), "r.example/team": auth("u:p:q") }), "r.example", "team/sub"),
  ).toEqual(login)
  expect(await find(file({ "r.example.org": auth("u:p") }), "r.example")).toBeUndefined()
  expect(await find(file({ "r.example": {}, "https://r.example": null }), "r.example")).toBeUndefined()
  expect(await find(user({}), "r.example")).toBeUndefined()
})

test("Podman's file counts where Docker's has nothing, and comes first where it is named", async () => {
  const podman = JSON.stringify({ auths: { "r.example": auth("podman:p") } })
  const docker = JSON.stringify({ auths: { "r.example": auth("docker:p") } })
  const name = async (host: Parts): Promise<unknown> =>
    (await find(host, "r.example"))?.kind && (await find(host, "r.example"))
  expect(await name(user({ "/run/u/containers/auth.json": podman }, { XDG_RUNTIME_DIR: "/run/u" }))).toMatchObject({
    username: "podman",
  })
  const both = { "/home/u/.docker/config.json": docker, "/named.json": podman }
  expect(await name(user(both))).toMatchObject({ username: "docker" })
  expect(await name(user(both, { REGISTRY_AUTH_FILE: "/named.json" }))).toMatchObject({ username: "podman" })
})

test("tokens of an entry come before its password", () => {
  expect(entryCredentials({ ...auth("u:p"), identitytoken: "i" })).toEqual({ kind: "identity", token: "i" })
  expect(entryCredentials({ ...auth("u:p"), registrytoken: "r" })).toEqual({ kind: "registry", token: "r" })
  expect(entryCredentials({ username: "u", password: "p" })).toEqual({ kind: "password", username: "u", password: "p" })
  expect(entryCredentials({})).toBeUndefined()
})

test("a file of another form is named", async () => {
  const docker = "/home/u/.docker/config.json"
  for (const content of ["{", '{"auths": []}', '{"credHelpers": {"x": 1}}']) {
    await expect(find(user({ [docker]: content }), "r.example")).rejects.toMatchObject({
      code: "cannot",
      message: expect.stringContaining(docker) as string,
    })
  }
  expect(await find(user({ [docker]: "" }), "r.example")).toBeUndefined()
})

test("a helper with a name that is a path is not run", async () => {
  const file = JSON.stringify({ credHelpers: { "r.example": "../../bin/sh" } })
  await expect(find(user({ "/home/u/.docker/config.json": file }), "r.example")).rejects.toMatchObject({
    code: "credentials",
    message: expect.stringContaining("not the name") as string,
  })
})

test("names go from the most exact to the least", () => {
  expect(entryNames("r.example", "a/b").slice(0, 3)).toEqual(["r.example/a/b", "r.example/a", "r.example"])
})
