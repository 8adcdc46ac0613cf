import { expect, test } from "vitest"
import { buildArguments, proxyNames, type BuildCall } from "./arguments.ts"

const call: BuildCall = {
  client: { program: "/usr/bin/docker", builder: "build", context: "default" },
  platform: "linux/amd64",
  dockerfile: "/tmp/d/Dockerfile",
  context: "/tmp/d/context",
  args: { B: "two words", A: "" },
  passed: ["HTTP_PROXY"],
  target: "last",
  secrets: [{ id: "token", path: '/tmp/a,b"c' }],
  network: "host",
  tag: "127.0.0.1:5000/x:t",
}

test("the client's own build", () => {
  expect(buildArguments(call)).toEqual([
    "/usr/bin/docker",
    "build",
    "--progress",
    "plain",
    "--platform",
    "linux/amd64",
    "--file",
    "/tmp/d/Dockerfile",
    "--tag",
    "127.0.0.1:5000/x:t",
    "--target",
    "last",
    "--network",
    "host",
    "--build-arg",
    "A=",
    "--build-arg",
    "B=two words",
    "--build-arg",
    "HTTP_PROXY",
    "--secret",
    'id=token,"src=/tmp/a,b""c"',
    "--",
    "/tmp/d/context",
  ])
})

test("buildx uses the daemon's own builder and loads the result without attestations", () => {
  const argv = buildArguments({ ...call, client: { ...call.client, builder: "buildx", context: "mine" } })
  expect(argv.slice(1, 8)).toEqual([
    "buildx",
    "build",
    "--builder",
    "mine",
    "--load",
    "--provenance=false",
    "--sbom=false",
  ])
  expect(argv.join(" ")).toContain("--network host --allow network.host")
})

test("proxies that are set, in both spellings", () => {
  expect(
    proxyNames({ HTTP_PROXY: "http://p.example", https_proxy: "http://p.example", NO_PROXY: "", PATH: "/bin" }),
  ).toEqual(["HTTP_PROXY", "https_proxy"])
})
