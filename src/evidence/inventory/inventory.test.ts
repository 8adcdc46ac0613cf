import { gzipSync } from "node:zlib"
import { expect, test } from "vitest"
import { imageOf, layerOf, layerOfBytes, type Member } from "../../../test/support/layers.ts"
import type { Image } from "../../oci/image.ts"
import { tarHeader } from "../../oci/tar/header.ts"
import { inventoryOf } from "./inventory.ts"
import { readLayerFacts } from "./reading.ts"

const site = "opt/env/lib/python3.11/site-packages"

/** Lines of what is found: kind or ecosystem, name, version, layer from 1, and what else is said. */
async function found(...layers: readonly Readonly<Record<string, Member>>[]): Promise<readonly string[]> {
  return await foundIn(imageOf(...layers.map((members) => layerOf(members))))
}

async function foundIn(image: Image): Promise<readonly string[]> {
  const { items } = await inventoryOf(image)
  return items.map((item) => {
    const more = Object.entries(item)
      .filter(([key]) => !["kind", "ecosystem", "name", "version", "layer", "path"].includes(key))
      .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    const kind = item.kind === "package" ? item.ecosystem : item.kind
    return [kind, item.name, "version" in item ? item.version : "", item.layer + 1, ...more].join(" ")
  })
}

const deb = (name: string, version: string, more = ""): string =>
  `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\n${more}\n`
const dist = (name: string, version: string, more = ""): Record<string, Member> => ({
  [`${site}/${name}-${version}.dist-info/METADATA`]: `Metadata-Version: 2.4\nName: ${name}\nVersion: ${version}\n${more}\nA description\nName: other\n`,
  [`${site}/${name}-${version}.dist-info/INSTALLER`]: "pip\n",
})

test("packages of dpkg are of the layer that first had them, upgraded ones of the one that upgraded", async () => {
  expect(
    await found(
      {
        "var/lib/dpkg/status":
          deb("libc6", "2.36", "Source: glibc\nDescription: GNU\n more: of it\n") + deb("curl", "7.88"),
      },
      { "etc/x": "" },
      {
        "var/lib/dpkg/status": `${deb("libc6", "2.36", "Source: glibc\n")}${deb("curl", "8.0")}Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n${deb("new", "1:2~rc1-3")}`,
      },
    ),
  ).toEqual([
    'deb curl 8.0 3 architecture="amd64"',
    'deb libc6 2.36 1 architecture="amd64" origin="glibc"',
    'deb new 1:2~rc1-3 3 architecture="amd64"',
  ])
})

test("images without dpkg have a file for each package", async () => {
  expect(
    await found({
      "var/lib/dpkg/status.d/base": "Package: base-files\nVersion: 12.4\nArchitecture: amd64\n",
      "var/lib/dpkg/status.d/base.md5sums": "0123  etc/x\n",
    }),
  ).toEqual(['deb base-files 12.4 1 architecture="amd64"'])
})

test("Alpine's packages", async () => {
  expect(
    await found({
      "lib/apk/db/installed":
        "C:Q1x=\nP:musl\nV:1.2.5-r0\nA:x86_64\nL:MIT\no:musl\nF:lib\nR:ld.so\n\nP:zlib\nV:1.3\n\n",
    }),
  ).toEqual(['apk musl 1.2.5-r0 1 architecture="x86_64" licence="MIT" origin="musl"', "apk zlib 1.3 1"])
})

test("Python's packages: upgraded, removed by whiteouts, by URL, old forms, licences", async () => {
  expect(
    await found(
      { ...dist("pandas", "2.0"), ...dist("gone", "1.0"), ...dist("six", "1.16", "License: MIT\n") },
      {
        [`${site}/.wh.pandas-2.0.dist-info`]: "",
        [`${site}/gone-1.0.dist-info/.wh..wh..opq`]: "",
        ...dist("pandas", "2.2", "License-Expression: BSD-3-Clause\nLicense: BSD\n"),
        [`${site}/pandas-2.2.dist-info/direct_url.json`]: JSON.stringify({
          url: "https://user:secret@example.org/p.whl",
        }),
        "usr/lib/python3/dist-packages/old-0.9.egg-info": "Metadata-Version: 1.0\nName: Old\nVersion: 0.9\n",
        [`${site}/egg-3.0.egg-info/PKG-INFO`]:
          "Name: egg\nVersion: 3.0\nClassifier: License :: OSI Approved :: Apache Software License\n",
        [`${site}/bleach/_vendor/html5lib-1.1.dist-info/METADATA`]: "Name: html5lib\nVersion: 1.1\n",
        [`${site}/bleach/other/html5lib-1.2.dist-info/METADATA`]: "Name: html5lib\nVersion: 1.2\n",
        // Where `pip install --target` puts it; what uv unpacks for itself is no such place.
        "opt/task/toolz-0.12.dist-info/METADATA": "Name: toolz\nVersion: 0.12\n",
        "opt/task/toolz-0.12.dist-info/INSTALLER": "pip\n",
        "root/.cache/uv/archive-v0/0a1b/six-1.0.dist-info/METADATA": "Name: six\nVersion: 1.0\n",
        "opt/uv/archive-v0/0a1b/six-1.0.dist-info/METADATA": "Name: six\nVersion: 1.0\n",
        [`${site}/broken-1.0.dist-info/METADATA`]: "Name: broken\n",
        // What conda has unpacked is no environment.
        "opt/conda/pkgs/numpy-1.0-py311_0/lib/python3.11/site-packages/numpy-1.0.dist-info/METADATA":
          "Name: numpy\nVersion: 1.0\n",
        "opt/conda/lib/python3.11/site-packages/numpy-1.0.dist-info/METADATA": {
          kind: "hardlink",
          link: "opt/conda/pkgs/numpy-1.0-py311_0/lib/python3.11/site-packages/numpy-1.0.dist-info/METADATA",
        },
      },
    ),
  ).toEqual([
    'pypi egg 3.0 2 licence="Apache Software License"',
    'pypi html5lib 1.1 2 within="bleach"',
    "pypi numpy 1.0 2",
    "pypi Old 0.9 2",
    'pypi pandas 2.2 2 licence="BSD-3-Clause" installer="pip" origin="https://example.org/p.whl"',
    'pypi six 1.16 1 licence="MIT" installer="pip"',
    'pypi toolz 0.12 2 installer="pip"',
  ])
})

test("a file of conda's cache that is a link to an environment's is no package", async () => {
  const inside = "lib/python3.11/site-packages/numpy-1.0.dist-info/METADATA"
  const cache = "opt/conda/pkgs/numpy-1.0-py311_0"
  expect(
    await found({
      // In the order of archives: `envs` and `lib` come before `pkgs`.
      [`opt/conda/envs/a/${inside}`]: "Name: numpy\nVersion: 1.0\n",
      [`opt/conda/${inside}`]: { kind: "hardlink", link: `opt/conda/envs/a/${inside}` },
      [`${cache}/${inside}`]: { kind: "hardlink", link: `opt/conda/envs/a/${inside}` },
      [`${cache}/share/jupyter/kernels/x/kernel.json`]: { kind: "symlink", link: "y" },
      "opt/conda/pkgs/six-1.0-py_0/share/jupyter/kernels/x/kernel.json": "{}",
    }),
  ).toEqual(["pypi numpy 1.0 1", "pypi numpy 1.0 1"])
})

test("conda, R, npm, Julia and TeX", async () => {
  expect(
    await found({
      "opt/conda/conda-meta/numpy-2.0-py312_0.json": JSON.stringify({
        name: "numpy",
        version: "2.0",
        build: "py312_0",
        subdir: "linux-64",
        license: "BSD-3-Clause",
        channel: "https://token:x@conda.example/t/secret/conda-forge/linux-64",
      }),
      "opt/conda/conda-meta/history": "==>",
      "usr/lib/R/library/stats/DESCRIPTION":
        "Package: stats\nVersion: 4.2.2\nLicense: Part of R 4.2.2\nBuilt: R 4.2.2; ; 2023\n",
      "usr/local/lib/R/site-library/dplyr/DESCRIPTION":
        "Package: dplyr\nVersion: 1.1.4\nDepends: R (>= 3.5.0),\n        methods\nRepository: CRAN\nBuilt: R 4.2.2; ; 2024\n",
      "home/me/R/x86_64-pc-linux-gnu-library/4.2/own/DESCRIPTION":
        "Package: own\nVersion: 0.3\nBuilt: R 4.2.2; ; 2024\n",
      "root/.cache/R/renv/cache/v5/R-4.2/x86_64-pc-linux-gnu/cli/3.6.0/89e6d8219950eac806ae0c489052048a/cli/DESCRIPTION":
        "Package: cli\nVersion: 3.6.0\nBuilt: R 4.2.2; ; 2024\n",
      "home/me/library/mine/DESCRIPTION": "Package: mine\nVersion: 0.1\n",
      "usr/lib/node_modules/npm/package.json": JSON.stringify({
        name: "npm",
        version: "10.0.0",
        license: "Artistic-2.0",
      }),
      "usr/lib/node_modules/npm/node_modules/@npmcli/fs/package.json": JSON.stringify({
        name: "@npmcli/fs",
        version: "3.1.0",
      }),
      "usr/share/nodejs/@types/node/package.json": JSON.stringify({ name: "@types/node", version: "18.18.14" }),
      "usr/share/nodejs/acorn/package.json": JSON.stringify({ name: "acorn", version: "8.8.1" }),
      "usr/share/nodejs/acorn/dist/package.json": JSON.stringify({ name: "part", version: "8.8.1" }),
      "usr/lib/x86_64-linux-gnu/nodejs/zeromq/package.json": JSON.stringify({ name: "zeromq", version: "6.0.0" }),
      "usr/lib/node_modules/npm/lib/package.json": JSON.stringify({ name: "not-one", version: "1.0.0" }),
      "opt/julia/packages/JSON/93Ea8/Project.toml": 'name = "JSON"\nversion = "0.21.4"\n[deps]\nname = "x"\n',
      "opt/texlive/tlpkg/texlive.tlpdb":
        "name 00texlive.config\nrevision 1\n\nname amsmath\ncategory Package\nrevision 63514\ncatalogue-version 2.17o\ncatalogue-license lppl1.3c\n\nname amsmath.x86_64-linux\nrevision 2\n",
    }),
  ).toEqual([
    "npm @npmcli/fs 3.1.0 1",
    "npm @types/node 18.18.14 1",
    "npm acorn 8.8.1 1",
    'tex amsmath 2.17o 1 licence="lppl1.3c"',
    "cran cli 3.6.0 1",
    'cran dplyr 1.1.4 1 origin="CRAN"',
    "julia JSON 0.21.4 1",
    'npm npm 10.0.0 1 licence="Artistic-2.0"',
    'conda numpy 2.0 1 architecture="linux-64" licence="BSD-3-Clause" origin="https://conda.example/conda-forge" build="py312_0"',
    "cran own 0.3 1",
    'cran stats 4.2.2 1 licence="Part of R 4.2.2"',
    "npm zeromq 6.0.0 1",
  ])
})

test("who asked for a package and where it came from, as apt, pip, conda, npm and R's remotes note it", async () => {
  const conda = (name: string, more: object): Record<string, Member> => ({
    [`opt/conda/conda-meta/${name}-1-0.json`]: JSON.stringify({ name, version: "1", ...more }),
  })
  expect(
    await found({
      "var/lib/dpkg/status": deb("curl", "1") + deb("libcurl4", "1") + deb("data", "1").replace("amd64", "all"),
      "var/lib/apt/extended_states":
        "Package: libcurl4\nArchitecture: amd64\nAuto-Installed: 1\n\nPackage: data\nArchitecture: amd64\nAuto-Installed: 1\n\nPackage: curl\nArchitecture: amd64\nAuto-Installed: 0\n\n",
      ...conda("asked", { requested_specs: ["asked"], url: "https://u:p@x.example/t/secret/main/noarch/asked.conda" }),
      ...conda("needed", { requested_spec: "None" }),
      ...conda("old", { requested_spec: "old >1" }),
      ...conda("silent", {}),
      ...dist("six", "1.0"),
      [`${site}/six-1.0.dist-info/REQUESTED`]: "",
      [`${site}/six-1.0.dist-info/direct_url.json`]: JSON.stringify({
        url: "https://user:secret@example.org/six.git",
        vcs_info: { vcs: "git", commit_id: "abc123" },
      }),
      ...dist("uv_made", "1.0"),
      [`${site}/uv_made-1.0.dist-info/INSTALLER`]: "uv",
      [`${site}/uv_made-1.0.dist-info/REQUESTED`]: "",
      "srv/app/node_modules/.package-lock.json": JSON.stringify({
        packages: {
          "node_modules/a": { resolved: "https://u:p@r.example/a.tgz" },
          "node_modules/a/node_modules/b": { resolved: "https://r.example/b.tgz" },
          __proto__: 1,
        },
      }),
      "srv/app/node_modules/a/package.json": '{"name": "a", "version": "1"}',
      "srv/app/node_modules/a/node_modules/b/package.json": '{"name": "b", "version": "1"}',
      "srv/app/node_modules/c/package.json": '{"name": "c", "version": "1", "_resolved": "https://r.example/c.tgz"}',
      "usr/lib/R/library/pkg/DESCRIPTION":
        "Package: pkg\nVersion: 1\nRepository: CRAN\nRemoteType: github\nRemoteUsername: me\nRemoteRepo: pkg\nRemoteSha: 0123\nPackaged: 2024-01-01 UTC; me\nBuilt: R 4\n",
    }),
  ).toEqual([
    'npm a 1 1 url="https://r.example/a.tgz"',
    'conda asked 1 1 origin="https://x.example/main" requested=true url="https://x.example/main/noarch/asked.conda"',
    'npm b 1 1 url="https://r.example/b.tgz"',
    'npm c 1 1 url="https://r.example/c.tgz"',
    'deb curl 1 1 architecture="amd64" requested=true',
    'deb data 1 1 architecture="all" requested=false',
    'deb libcurl4 1 1 architecture="amd64" requested=false',
    "conda needed 1 1 requested=false",
    "conda old 1 1 requested=true",
    'cran pkg 1 1 origin="github me/pkg@0123" packaged="2024-01-01 UTC; me"',
    "conda silent 1 1",
    'pypi six 1.0 1 installer="pip" origin="git+https://example.org/six.git@abc123" requested=true',
    'pypi uv_made 1.0 1 installer="uv"',
  ])
})

test("Jupyter's kernels and extensions", async () => {
  expect(
    await found({
      "opt/env/share/jupyter/kernels/Python3/kernel.json": JSON.stringify({
        argv: ["python", "-m", "ipykernel_launcher"],
        display_name: "Python 3",
        language: "python",
      }),
      "opt/env/share/jupyter/labextensions/@jupyter-widgets/manager/package.json": JSON.stringify({
        name: "@jupyter-widgets/manager",
        version: "5.0.0",
      }),
      "opt/env/share/jupyter/labextensions/@jupyter-widgets/manager/static/package.json": "{}",
      "opt/env/etc/jupyter/jupyter_server_config.d/lsp.json": JSON.stringify({
        ServerApp: { jpserver_extensions: { jupyter_lsp: true, off: false } },
      }),
    }),
  ).toEqual([
    'kernel python3  1 display="Python 3" language="python" argv=["python","-m","ipykernel_launcher"]',
    "labextension @jupyter-widgets/manager 5.0.0 1",
    "serverextension jupyter_lsp  1 enabled=true",
    "serverextension off  1 enabled=false",
  ])
})

test.each([
  ["deeply nested JSON", "opt/env/share/jupyter/kernels/a/kernel.json", "[".repeat(5_000_000)],
  ["JSON that is no object", "opt/conda/conda-meta/a.json", "null"],
  ["JSON of other types", "opt/conda/conda-meta/a.json", '{"name": {"a": 1}, "version": ["1"]}'],
  ["a paragraph without an end", "var/lib/dpkg/status", `Package: a\nStatus: ${" ".repeat(3_000_000)}`],
  ["lines without colons", "var/lib/dpkg/status", "x\n".repeat(1_000_000)],
  ["bytes that are no text", `${site}/a-1.dist-info/METADATA`, "\u0000\uFFFD".repeat(100_000)],
])("%s says nothing, in little time", async (_, path, content) => {
  expect(await found({ [path]: content })).toEqual([])
})

test("a database of more than anybody has is refused before it is read", async () => {
  const header = tarHeader({
    path: "var/lib/dpkg/status",
    kind: "file",
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: 1_000_000_000,
  })
  const archive = Buffer.concat([header, Buffer.alloc(100_000)])
  await expect(inventoryOf(imageOf(layerOfBytes(gzipSync(archive), { archive })))).rejects.toMatchObject({
    code: "cannot",
    message: expect.stringMatching(
      /^Cannot read the layer sha256:\S+: var\/lib\/dpkg\/status has 1000000000 bytes, more than/,
    ),
    hint: expect.any(String),
  })
})

test("a layer that unpacks to far more than its size is given up", async () => {
  const bomb = layerOf({ zeros: { content: "\0".repeat(3_000_000) } })
  await expect(readLayerFacts(bomb, { bytes: 1_000_000, times: 10 })).rejects.toMatchObject({
    code: "cannot",
    message: expect.stringContaining("it unpacks to more than 1"),
  })
  expect((await readLayerFacts(bomb)).bytes).toBe(3_000_000)
})

test("a path that leads out of the image is refused", async () => {
  await expect(found({ "../etc/x": "" })).rejects.toMatchObject({ code: "cannot" })
})
