import { expect, test } from "vitest"
import { resolveUser } from "./users.ts"

const passwd = `root:x:0:0:root:/root:/bin/bash
jovyan:x:1000:100::/home/jovyan:/bin/bash
1001:x:7:8::/odd:/bin/sh
broken:x
`
const group = "root:x:0:\nusers:x:100:\nstaff:x:50:jovyan,other\ndocker:x:999:other\n"

test("a name brings its group, its other groups and its home", () => {
  expect(resolveUser("jovyan", passwd, group)).toEqual({
    uid: 1000,
    gid: 100,
    groups: [100, 50],
    home: "/home/jovyan",
    name: "jovyan",
  })
})

test.each([
  ["", { uid: 0, gid: 0, home: "/root" }],
  ["1000", { uid: 1000, gid: 100, home: "/home/jovyan" }],
  ["1000:staff", { uid: 1000, gid: 50, groups: [50] }],
  ["jovyan:7", { uid: 1000, gid: 7, groups: [7] }],
  ["4242", { uid: 4242, gid: 0, home: "/", name: undefined }],
  ["4242:100", { uid: 4242, gid: 100 }],
  ["1001", { uid: 7, gid: 8, home: "/odd" }],
])("%j is resolved as Docker does", (user, expected) => {
  expect(resolveUser(user, passwd, group)).toMatchObject(expected)
})

test.each(["nobody", "jovyan:nogroup", "-1", "99999999999", "broken"])("%j is nobody here", (user) => {
  expect(resolveUser(user, passwd, group)).toBeUndefined()
})

test("root without an /etc/passwd is still root", () => {
  expect(resolveUser("", "", "")).toEqual({ uid: 0, gid: 0, groups: [0], home: "/", name: undefined })
})
