import { expect, test } from "vitest"
import { isAtLeast, judge, type Facts } from "./judge.ts"

const info = {
  ServerVersion: "20.10.24+dfsg1",
  Architecture: "x86_64",
  OSType: "linux",
  OperatingSystem: "Debian GNU/Linux 12",
}
const good: Facts = {
  program: "/usr/bin/docker",
  clientVersion: "20.10.24+dfsg1",
  info,
  problem: "",
  hasBuildx: false,
  context: "default",
  endpoint: "unix:///var/run/docker.sock",
}

test("a client and daemon of 20.10 build by themselves", () => {
  expect(judge(good)).toEqual({
    builder: "build",
    context: "default",
    serverVersion: "20.10.24+dfsg1",
    architecture: "amd64",
  })
})

test("a newer client builds with its plugin", () => {
  expect(judge({ ...good, clientVersion: "28.1.0", hasBuildx: true })).toMatchObject({ builder: "buildx" })
})

test.each<[string, Partial<Facts>, string, string]>([
  [
    "no daemon",
    { info: { ServerVersion: "" } },
    "no Docker daemon answers /usr/bin/docker at unix:",
    "systemctl start docker",
  ],
  [
    "a daemon of others",
    { info: {}, problem: "permission denied while trying to connect" },
    "may not use",
    "usermod -aG docker",
  ],
  [
    "a newer client without its plugin",
    { clientVersion: "28.1.0" },
    "no buildx plugin",
    "apt-get install docker-buildx",
  ],
  ["an old daemon", { info: { ...info, ServerVersion: "19.03.9" } }, "19.03.9 is too old", "20.10"],
  ["a daemon on another machine", { endpoint: "ssh://me@far.example" }, "is on another machine", "DOCKER_HOST"],
  ["a daemon over TCP elsewhere", { endpoint: "tcp://127.0.0.1.example:2375" }, "is on another machine", "DOCKER_HOST"],
  ["Docker Desktop", { info: { ...info, OperatingSystem: "Docker Desktop" } }, "virtual machine", "docker context use"],
  [
    "rootless Docker",
    { info: { ...info, SecurityOptions: ["name=seccomp,profile=default", "name=rootless"] } },
    "rootless",
    "DOCKER_HOST",
  ],
  ["Windows containers", { info: { ...info, OSType: "windows" } }, "windows containers", "Linux containers"],
  [
    "another program of that name",
    { clientVersion: "", info: "Emulate Docker" },
    "is not Docker",
    "apt-get install docker.io",
  ],
])("%s is refused with what helps", (_name, change, no, hint) => {
  expect(judge({ ...good, ...change })).toMatchObject({
    no: expect.stringContaining(no),
    hint: expect.stringContaining(hint),
  })
})

test("a daemon on loopback is on this machine", () => {
  expect(judge({ ...good, endpoint: "tcp://127.0.0.1:2375" })).toHaveProperty("builder")
})

test("versions as Docker writes them", () => {
  expect([
    isAtLeast("20.10.24+dfsg1", 20, 10),
    isAtLeast("23.0.0-rc.1", 20, 10),
    isAtLeast("9.99", 20, 10),
    isAtLeast("", 1, 0),
  ]).toEqual([true, true, false, false])
})
