import { expect, test } from "vitest"
import { serverProcesses } from "./identity.ts"

test("the server is what has our port and no child that has it, whoever started it", () => {
  const listing = `1 0 0 0 /usr/bin/tini -g -- start.sh jupyter lab --port=8888
7 1 0 0 sudo -u jovyan jupyter lab --port=8888
8 7 1000 100 /opt/env/bin/python /opt/env/bin/jupyter-lab --port=8888
nonsense
`
  expect(serverProcesses(listing)).toEqual([{ pid: 8, parent: 7, uid: 1000, gid: 100 }])
  expect(serverProcesses("")).toEqual([])
})
