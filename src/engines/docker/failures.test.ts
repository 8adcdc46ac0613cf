import { expect, test } from "vitest"
import { buildFailure, isNoise } from "./failures.ts"

test.each([
  ["ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", "no", "id=ca_bundle"],
  [
    `ERROR: failed to solve: digest mismatch sha256:${"a".repeat(64)}: sha256:${"b".repeat(64)}`,
    "no",
    "nbstacks lock --upgrade",
  ],
  ["#9 1.2 write /x: no space left on device", "no", "docker builder prune"],
  ["Temporary failure resolving 'mirror.example'", "no", "NBSTACKS_DOCKER_NETWORK=host"],
  [
    "ERROR: Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?",
    "cannot",
    "Start it again",
  ],
])("%s", (line, code, hint) => {
  expect(buildFailure("child", "linux/amd64", ["before", line])).toMatchObject({
    code,
    hint: expect.stringContaining(hint),
    detail: `before\n${line}`,
  })
})

test("another reason has no hint, and no more than 25 lines", () => {
  const failure = buildFailure(
    "child",
    "linux/amd64",
    Array.from({ length: 40 }, (_, at) => `line ${at}`),
  )
  expect([failure.hint, failure.detail?.split("\n").length]).toEqual([undefined, 25])
})

test("digests of steps are noise, what they print is not", () => {
  expect([`#4 sha256:${"a".repeat(64)}`, "#4 0.26 sha256:", "#4 DONE 0.1s"].map(isNoise)).toEqual([true, false, false])
})
