import { expect, test } from "vitest"
import { wantsColor } from "./wants-color.ts"

test.each([
  [{}, { isTTY: true }, true],
  // Node leaves `isTTY` out where there is no terminal.
  [{}, {}, false],
  [{ CI: "true" }, {}, false],
  [{ GITHUB_ACTIONS: "true", CI: "true" }, {}, false],
  [{ CI: "true" }, { isTTY: true }, true],
  [{ NO_COLOR: "1" }, { isTTY: true }, false],
  [{ NO_COLOR: "" }, { isTTY: true }, true],
  [{ TERM: "dumb" }, { isTTY: true }, false],
  [{ FORCE_COLOR: "1" }, {}, true],
  [{ FORCE_COLOR: "0" }, {}, false],
])("%j on %j is coloured: %j", (env, stream, colored) => {
  expect(wantsColor(env, stream)).toBe(colored)
})
