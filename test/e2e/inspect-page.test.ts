import { join } from "node:path"
import { pathToFileURL } from "node:url"
import axe from "axe-core"
import { chromium, type Browser, type Page } from "playwright-core"
import { afterAll, beforeAll, expect, test } from "vitest"
import { pageDocument } from "../../src/cli/inspect/html/document.ts"
import type { PageData } from "../../src/cli/inspect/html/page/data.ts"
import { readPageParts } from "../../src/cli/inspect/html/script.ts"
import { makeHost } from "../../src/host/node/host.ts"
import { openExample } from "../support/examples.ts"

const host = makeHost(process.env)
/** Where the last screenshots are kept, to be looked at. */
const screenshots = join(host.machine.temporary, "nbstacks-screenshots")

let browser: Browser
let folder: string
/** The page about an image of the quickstart, and what the program says of that. */
let file: string
let wrote: { readonly stdout: string; readonly stderr: string }
let said: {
  readonly packages: readonly { readonly name: string; readonly bytes: number }[]
  readonly layers: readonly object[]
}

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] })
  folder = await host.files.makeTemporary("nbstacks-page-")
  await host.files.makeDirectory(screenshots)
  await using sandbox = await openExample(host, "quickstart")
  const must = async (...args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> => {
    const { code, stdout, stderr } = await sandbox.nbstacks(...args)
    if (code !== 0) throw new Error(`nbstacks ${args.join(" ")} ended with ${code}: ${stderr}`)
    return { stdout, stderr }
  }
  await must("build", "science")
  file = join(folder, "new/science.html")
  const { stdout, stderr } = await must("inspect", "science", "--html", file)
  wrote = { stdout, stderr }
  said = JSON.parse((await must("inspect", "science", "--layers", "--json")).stdout)
}, 1_200_000)

afterAll(async () => {
  await browser?.close()
  if (folder !== undefined) await host.files.remove(folder)
})

type Opening = { readonly width?: number; readonly scheme?: "light" | "dark" }

/** Opens a page, and sees to it that nothing is asked for and nothing goes wrong until the work is done. */
async function opened(
  path: string,
  { width = 1280, scheme = "light" }: Opening,
  work: (page: Page) => Promise<void>,
): Promise<void> {
  // What axe brings into the page is not what the page's policy lets in.
  const context = await browser.newContext({ viewport: { width, height: 844 }, colorScheme: scheme })
  try {
    const page = await context.newPage()
    page.setDefaultTimeout(30_000)
    const problems: string[] = []
    page.on("pageerror", (error) => problems.push(String(error)))
    page.on("console", (message) => problems.push(message.text()))
    page.on("dialog", (dialog) => problems.push(dialog.message()))
    const asked: string[] = []
    page.on("request", (request) => asked.push(request.url()))
    const address = pathToFileURL(path).href
    await page.goto(address)
    await page.locator("#map button").first().waitFor()
    await work(page)
    expect(problems).toEqual([])
    expect(asked.filter((url) => url !== address && url !== "data:,")).toEqual([])
  } finally {
    await context.close()
  }
}

/** What axe finds wrong, on the page as it is now. */
async function violations(page: Page): Promise<unknown> {
  await page.evaluate(axe.source)
  return await page.evaluate(`axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
    violations.map(({ id, nodes }) => [id, nodes.slice(0, 3).map(({ html, failureSummary }) => [html, failureSummary])]))`)
}

/** What is said of the part that has the focus; of anything else its text. */
const focused = async (page: Page): Promise<string> =>
  await page.evaluate("document.activeElement.dataset.about ?? document.activeElement.textContent")
const crumbs = async (page: Page): Promise<readonly string[]> => await page.locator("#crumbs li").allTextContents()

test("the page is written to a folder that was not there, and nothing else", async () => {
  expect(wrote.stdout).toBe("")
  expect(wrote.stderr).toMatch(/Wrote .*science\.html, \d+ kB\. Open it in a browser/)
  expect((await host.files.list(join(folder, "new")))?.map(({ name }) => name)).toEqual(["science.html"])
})

for (const width of [390, 1280])
  for (const scheme of ["light", "dark"] as const)
    test(`at ${width} pixels, ${scheme}, nothing is wrong for people with a screen reader, and nothing has to be scrolled sideways`, async () => {
      await opened(file, { width, scheme }, async (page) => {
        const sideways = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        expect(await violations(page)).toEqual([])
        expect(await page.evaluate(sideways)).toBe(0)
        await page.screenshot({ path: join(screenshots, `page-${width}-${scheme}.png`), fullPage: true })
        await page.locator("#map button").first().click()
        expect(await violations(page)).toEqual([])
        await page.locator("#map button").first().click()
        expect((await crumbs(page)).length).toBe(3)
        expect(await violations(page)).toEqual([])
        expect(await page.evaluate(sideways)).toBe(0)
        await page.screenshot({ path: join(screenshots, `page-${width}-${scheme}-files.png`) })
      })
    }, 120_000)

test("the keyboard alone goes into layers and packages, and back to where it came from", async () => {
  await opened(file, {}, async (page) => {
    await page.keyboard.press("Tab")
    expect(await focused(page)).toBe("Digests")
    await page.keyboard.press("Tab")
    const layer = await focused(page)
    expect(layer).toMatch(/^Layer 1: nbstacks bootstrap bookworm: \d+ MB, [\d.]+ % of science$/)
    expect(await page.locator("#said").textContent()).toBe(layer)
    await page
      .getByRole("button", {
        name: /^1 nbstacks bootstrap bookworm \d+ MB [\d.]+ % of science\. Opens what is in it\.$/,
      })
      .waitFor()
    await page.keyboard.press("Enter")
    expect(await crumbs(page)).toEqual(["science", "1 nbstacks bootstrap bookworm"])
    await page.keyboard.press("ArrowRight")
    const second = await focused(page)
    expect(second).toMatch(/\(Debian\): [\d.]+ MB, /)
    await page.keyboard.press("Enter")
    expect((await crumbs(page)).length).toBe(3)
    expect(await focused(page)).toMatch(/^\/\S+: [\d.]+ .B, [\d.]+ % of /)
    // A file has nothing to go into.
    await page.keyboard.press("Enter")
    expect((await crumbs(page)).length).toBe(3)
    await page.keyboard.press("Escape")
    expect([(await crumbs(page)).length, await focused(page)]).toEqual([2, second])
    await page.keyboard.press("Escape")
    expect([await crumbs(page), await focused(page)]).toEqual([["science"], layer])
    await page.keyboard.press("Escape")
    expect(await crumbs(page)).toEqual(["science"])
    await page.keyboard.press("Enter")
    await page.keyboard.press("Shift+Tab")
    expect(await focused(page)).toBe("science")
    await page.keyboard.press("Enter")
    expect([await crumbs(page), await focused(page)]).toEqual([["science"], layer])
    // The whole map is one stop.
    await page.keyboard.press("Tab")
    expect(await page.evaluate("document.activeElement.id")).toBe("search")
  })
}, 120_000)

test("a layer of one package shows its files, and its breadcrumb says both", async () => {
  await opened(file, {}, async (page) => {
    await page.locator("#map button[data-about^='Layer'][data-about*='numpy']").click()
    expect(await crumbs(page)).toEqual(["science", expect.stringMatching(/^\d+ numpy /), "numpy"])
    await page.keyboard.press("Escape")
    expect([await crumbs(page), await focused(page)]).toEqual([["science"], expect.stringContaining("numpy")])
  })
}, 120_000)

test("packages are searched and sorted, have the sizes that the program says, and lead to the map", async () => {
  await opened(file, {}, async (page) => {
    const names = async (): Promise<readonly string[]> =>
      await page
        .locator("#packages tr")
        .evaluateAll((rows) => rows.map((row) => row.querySelector("button, span")?.textContent ?? ""))
    const found = page.locator("#found")
    expect(await page.locator("#facts").textContent()).toContain(`layers${said.layers.length}`)
    expect(await found.textContent()).toMatch(new RegExp(`^${said.packages.length} packages, `))
    await page.locator("#more").click()
    expect(await names()).toEqual(said.packages.map(({ name }) => name))
    await page.getByRole("button", { name: "Package" }).click()
    expect(await page.locator("th[aria-sort]").textContent()).toBe("Package")
    expect(await names()).toEqual(
      said.packages.map(({ name }) => name).toSorted((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1)),
    )
    await page.locator("#search").fill("python NUM")
    expect(await names()).toEqual(["numpy"])
    expect(await found.textContent()).toMatch(/^1 package, [\d.]+ MB unpacked$/)
    await page.getByRole("button", { name: "numpy", exact: true }).click()
    expect((await crumbs(page)).at(-1)).toBe("numpy")
    expect(await focused(page)).toContain("libscipy_openblas")
    await page.locator("#search").fill("nothing like it")
    expect([await names(), await found.textContent()]).toEqual([[], "No package is like that."])
    expect(await page.locator("#steps li").count()).toBe(said.layers.length)
    await page.locator("#steps button").first().click()
    expect((await crumbs(page)).length).toBe(2)
  })
}, 120_000)

const hostile = `</script><img src=x onerror="alert(1)">'"&\u202E<!--<script>`
const made = (more: Partial<PageData> = {}): PageData => ({
  name: hostile,
  platform: "linux/amd64",
  digest: hostile,
  system: hostile,
  base: hostile,
  size: 100,
  unpacked: 300,
  files: 3,
  layers: [
    { by: hostile, created: "", size: 100, unpacked: 300, hidden: 10 },
    { by: "", created: hostile, size: 1, unpacked: 0, hidden: 0 },
  ],
  packages: [
    {
      name: hostile,
      version: hostile,
      type: "pypi",
      ecosystem: "Python",
      layers: [0],
      bytes: 300,
      compressed: 100,
      files: 3,
      from: hostile,
    },
  ],
  groups: [{ layer: 0, package: 0, bytes: 300, files: 3, largest: [[hostile, 200]] }],
  savings: [{ size: 10, what: hostile, instead: hostile }],
  ...more,
})

async function written(data: PageData): Promise<string> {
  const path = join(folder, "made.html")
  await host.files.write(path, pageDocument(data, await readPageParts(host.files)))
  return path
}

test("names that are HTML stay text, and what turns text round is shown as its number", async () => {
  await opened(await written(made()), {}, async (page) => {
    const shown = hostile.replace("\u202E", "\\u202e")
    expect(await page.locator("h1").textContent()).toBe(shown)
    expect(await page.title()).toBe(`${shown}: what is in it`)
    expect(await page.locator("#packages button").textContent()).toBe(shown)
    expect(await page.locator("img, iframe, object, embed").count()).toBe(0)
    expect(await page.locator("script").count()).toBe(2)
    await page.locator("#map button").first().click()
    expect(await page.locator("#map").textContent()).toContain(shown.slice(2))
    expect(await violations(page)).toEqual([])
  })
}, 120_000)

test("a policy lets nothing in that the page does not have, whatever is put into it", async () => {
  const document = await host.files.readText(await written(made()))
  const path = join(folder, "changed.html")
  const added = `<img src="http://127.0.0.1:9/x.png"><script>document.title = "run"</script><p onclick="x" style="color:red">x</p>`
  await host.files.write(path, document.replace("<main>", `<main>${added}`))
  const page = await browser.newPage()
  try {
    const refused: string[] = []
    page.on("console", (message) => refused.push(message.text()))
    await page.goto(pathToFileURL(path).href)
    await page.locator("#map button").first().waitFor()
    expect(await page.title()).not.toBe("run")
    expect(refused.join("\n")).toMatch(/image[^]*script/i)
  } finally {
    await page.close()
  }
})

test("of many files few are drawn, and small ones are together", async () => {
  const files = Array.from({ length: 100_000 }, (_, at) => [`srv/data/${at}.bin`, 1 + (at % 1000)] as const)
  const bytes = files.reduce((sum, [, size]) => sum + size, 0)
  const data = made({ packages: [], groups: [{ layer: 0, package: -1, bytes, files: files.length, largest: files }] })
  await opened(await written(data), {}, async (page) => {
    expect(await page.locator("*").count()).toBeLessThan(2000)
    await page.locator("#map button", { hasText: "no package" }).or(page.locator("#map button").first()).first().click()
    expect(await page.locator("*").count()).toBeLessThan(2000)
    expect(await page.locator("#map").textContent()).toMatch(/smaller parts/)
  })
}, 120_000)
