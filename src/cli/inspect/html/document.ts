import { createHash } from "node:crypto"
import { visible } from "../../../report/visible.ts"
import { cut } from "../view.ts"
import type { PageData } from "./page/data.ts"
import type { PageParts } from "./script.ts"

/**
 * A page in HTML that needs nothing else: what it shows is in it as JSON, and its policy lets nothing be asked for and no script run but
 * its own. Text of the image is only ever text; what would turn the direction of text or move a cursor is shown as its number.
 */
export function pageDocument(data: PageData, { script, style }: PageParts): string {
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    // Browsers ask for an icon where none is named.
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
  ].join("; ")
  const title = escaped(visible(cut(data.name, longest)))
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>${title}: what is in it</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p id="about"></p>
<details><summary>Digests</summary><div id="digests"></div></details>
<dl id="facts"></dl>
</header>
<main>
<noscript><p>This page draws with a script, which this browser does not run.</p></noscript>
<section id="treemap" aria-labelledby="treemap-title">
<h2 id="treemap-title">What takes the space</h2>
<p class="notes">Layers, the packages in them and their files, by unpacked size. Click or press Enter to go into one; Escape goes back,
arrow keys go from one to the next.</p>
<nav aria-label="Where the map is"><ol id="crumbs"></ol></nav>
<ul id="map" aria-label="Map"></ul>
<p id="said"></p>
<ul id="key" aria-label="Colours of the map"></ul>
</section>
<section aria-labelledby="savings-title">
<h2 id="savings-title">What could be saved</h2>
<div id="savings"></div>
</section>
<section aria-labelledby="packages-title">
<h2 id="packages-title">Packages <span id="count" class="notes"></span></h2>
<div class="tools">
<label>Search <input id="search" type="search" autocomplete="off" spellcheck="false"></label>
<label class="narrow">Sort by <select id="order"></select></label>
<p id="found" role="status"></p>
</div>
<table aria-labelledby="packages-title">
<thead><tr id="heads"></tr></thead>
<tbody id="packages"></tbody>
</table>
<button type="button" id="more" hidden></button>
</section>
<section aria-labelledby="steps-title">
<h2 id="steps-title">How it was made</h2>
<p class="notes">The steps that made layers, from the first. Bars are what is pulled for each.</p>
<ol id="steps"></ol>
</section>
</main>
<footer><p>Made by nbstacks from the image's layers. Nothing of the image was run, and this page asks for nothing.</p></footer>
<script type="application/json" id="data">${jsonIn(data)}</script>
<script>${script}</script>
</body>
</html>
`
}

/** As a policy names a script or a style. */
function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`
}

/** A longer text of an image is cut, in letters. */
const longest = 4000

/** JSON that ends no script: `<` is written as its number. */
function jsonIn(data: PageData): string {
  const shown = (_: string, value: unknown): unknown =>
    typeof value === "string" ? visible(cut(value, longest)) : value
  return JSON.stringify(data, shown).replaceAll("<", "\\u003c")
}

function escaped(text: string): string {
  const signs: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  }
  return text.replaceAll(/[&<>"']/g, (sign) => signs[sign] ?? sign)
}
