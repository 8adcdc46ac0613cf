import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { chromium, type Browser, type Page } from "playwright-core"
import { expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import type { Child } from "../../src/host/process.ts"
import { openExample } from "../support/examples.ts"
import { readUntil } from "../support/registry.ts"
import { program } from "../support/sandbox.ts"

const host = makeHost(process.env)

/** Where the last screenshot is kept, to be looked at. */
const screenshots = join(host.machine.temporary, "nbstacks-screenshots")

test("JupyterLab opens in a browser from the link that run prints, and a cell is executed; Ctrl-C leaves nothing", async () => {
  await using sandbox = await openExample(host, "quickstart")
  const temporary = join(sandbox.folder, "../temporary")
  await host.files.makeDirectory(temporary)
  await host.files.setMode(temporary, 0o1777)
  await host.files.setOwner(join(sandbox.folder, "images/notebook"), 1000, 100)

  // What is not built yet is built first.
  await using lab = await host.start({
    argv: [program, "run", "notebook", "--runtime", "bubblewrap"],
    cwd: sandbox.folder,
    env: { ...sandbox.env, TMPDIR: temporary, NODE_COMPILE_CACHE: join(sandbox.folder, "../compiled") },
  })
  const link = await readUntil(lab, /^(http:\/\/127\.0\.0\.1:\d+\/lab\?token=\S+)\n/m)
  expect(await namedIn(sandbox.env["NBSTACKS_CACHE"] ?? "")).not.toEqual([])

  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu"],
  })
  try {
    await runCell(browser, link)
  } finally {
    await browser.close()
  }
  // The notebook is in this folder, for which the image's user is not root.
  const names = ((await host.files.list(join(sandbox.folder, "images/notebook"))) ?? []).map(({ name }) => name)
  expect(names).toContain("Untitled.ipynb")
  expect(await host.files.readText(join(sandbox.folder, "images/notebook/Untitled.ipynb"))).toContain(
    "the answer is 42",
  )

  expect(await interrupt(lab)).toBe(130)
  expect(await namedIn(sandbox.env["NBSTACKS_CACHE"] ?? "")).toEqual([])
  expect(await namedIn(temporary)).toEqual([])
  expect(await host.files.list(temporary)).toEqual([])
  const runs = join(sandbox.env["NBSTACKS_CACHE"] ?? "", `roots-${host.machine.uid}`, "runs")
  expect(await host.files.list(runs)).toEqual([])
  await expect(fetch(link)).rejects.toThrow("fetch failed")
})

/** Makes a notebook in ~/work/images/notebook by the launcher, runs a cell and waits for its output. */
async function runCell(browser: Browser, link: string): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
  page.setDefaultTimeout(120_000)
  const problems: string[] = []
  page.on("pageerror", (error) => problems.push(String(error)))
  await page.goto(link.replace("/lab?", "/lab/tree/work/images/notebook?"))
  await page.locator(".jp-LauncherCard[data-category='Notebook']", { hasText: "Python 3" }).first().click()
  // A cell that is run before its kernel is there is never run on a slow machine.
  await page.locator("#jp-main-statusbar", { hasText: "| Idle" }).waitFor()
  await page.locator(".jp-Notebook .jp-Cell .cm-content").first().click()
  await page.keyboard.type("print('the answer is', 6 * 7)")
  await page.locator(".jp-Notebook .jp-Cell .cm-content", { hasText: "6 * 7" }).waitFor()
  await page.keyboard.press("Shift+Enter")
  await page.locator(".jp-OutputArea-output", { hasText: "the answer is 42" }).waitFor()
  await page.keyboard.press("Control+s")
  // The first save asks for a name.
  await page.getByRole("button", { name: "Rename and Save" }).click()
  await page.locator(".jp-Dialog").waitFor({ state: "detached" })
  await saved(page)
  await host.files.makeDirectory(screenshots)
  await page.screenshot({ path: join(screenshots, "jupyterlab.png") })
  expect(problems).toEqual([])
}

/** The mark of unsaved changes is gone from the notebook's tab. */
async function saved(page: Page): Promise<void> {
  await page.locator("#jp-main-dock-panel .lm-TabBar-tab.lm-mod-current:not(.jp-mod-dirty)").waitFor()
}

async function interrupt(child: Child): Promise<number> {
  child.kill("SIGINT")
  return (await child.ended).code
}

/** Mounts and command lines of running processes that name a path. */
async function namedIn(path: string): Promise<readonly string[]> {
  const found = (await readFile("/proc/self/mountinfo", "utf8")).split("\n").filter((line) => line.includes(path))
  for (const { name } of (await host.files.list("/proc")) ?? []) {
    if (!/^\d+$/.test(name)) continue
    const [line, mounts] = await Promise.all(
      ["cmdline", "mountinfo"].map((file) => readFile(`/proc/${name}/${file}`, "utf8").catch(() => "")),
    )
    if (`${line}${mounts}`.includes(path)) found.push(`process ${name}: ${line}`)
  }
  return found
}
