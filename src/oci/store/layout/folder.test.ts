import { expect, test } from "vitest"
import { defaultStoreFolder } from "./folder.ts"

test.each([
  [{ NBSTACKS_STORE: "/s", XDG_DATA_HOME: "/d" }, "/s"],
  [{ NBSTACKS_STORE: "", XDG_DATA_HOME: "/d" }, "/d/nbstacks/store"],
  [{ XDG_DATA_HOME: "relative" }, "/home/me/.local/share/nbstacks/store"],
  [{}, "/home/me/.local/share/nbstacks/store"],
])("%j", (env, folder) => {
  expect(defaultStoreFolder(env, "/home/me")).toBe(folder)
})
