import { bytes, count } from "../../../../report/format.ts"
import type { PageData, PagePackage } from "./data.ts"
import { make, place } from "./dom.ts"

/** More rows are shown when somebody asks for them. */
const atFirst = 25

type Column = {
  readonly title: string
  readonly look: string
  readonly of: (one: PagePackage) => string | number
  readonly shown: (one: PagePackage) => string
}

const layerOf = ({ layers }: PagePackage): number => (layers[0] ?? 0) + 1
const columns: readonly Column[] = [
  { title: "Package", look: "name", of: ({ name }) => name.toLowerCase(), shown: ({ name }) => name },
  { title: "Version", look: "wide", of: ({ version }) => version, shown: ({ version }) => version },
  { title: "Ecosystem", look: "wide", of: ({ ecosystem }) => ecosystem, shown: ({ ecosystem }) => ecosystem },
  {
    title: "Layer",
    look: "wide number",
    of: layerOf,
    shown: (one) => `${layerOf(one)}${one.layers.length > 1 ? ` +${one.layers.length - 1}` : ""}`,
  },
  { title: "Unpacked", look: "number", of: (one) => one.bytes, shown: (one) => bytes(one.bytes) },
  { title: "Pulled, about", look: "wide number", of: (one) => one.compressed, shown: (one) => bytes(one.compressed) },
  { title: "Put there by", look: "wide", of: ({ from }) => from.toLowerCase(), shown: ({ from }) => from },
]
const bySize = 4

/** The table of packages, which can be searched and sorted. */
export function openPackages({ packages }: PageData, show: (at: number) => void): void {
  const [search, order, head, body, found, more] = [
    place("search") as HTMLInputElement,
    place("order") as HTMLSelectElement,
    place("heads"),
    place("packages"),
    place("found"),
    place("more") as HTMLButtonElement,
  ]
  const all = packages.map((one, at) => ({
    one,
    at,
    text: [one.name, one.version, one.ecosystem, one.from].join(" ").toLowerCase(),
  }))
  let [column, isDown, isAll] = [bySize, true, false]
  const heads = columns.map(({ title, look }, at) => {
    const button = make("button", { type: "button" }, title, make("span", { class: "arrow", "aria-hidden": "true" }))
    button.addEventListener("click", () => sortBy(at, at === column ? !isDown : isNumber(at)))
    return make("th", { scope: "col", class: look }, button)
  })
  head.replaceChildren(...heads)
  order.replaceChildren(...columns.map(({ title }, at) => make("option", { value: String(at) }, title)))

  const draw = (): void => {
    const words = search.value
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== "")
    const of = columns[column]?.of ?? ((one: PagePackage): number => one.bytes)
    const rows = all.filter(({ text }) => words.every((word) => text.includes(word)))
    rows.sort((a, b) => compare(of(a.one), of(b.one)) * (isDown ? -1 : 1) || a.at - b.at)
    const visible = isAll ? rows : rows.slice(0, atFirst)
    body.replaceChildren(...visible.map(({ one, at }) => row(one, () => show(at))))
    const weight = rows.reduce((sum, { one }) => sum + one.bytes, 0)
    found.textContent =
      rows.length === 0 ? "No package is like that." : `${count(rows.length, "package")}, ${bytes(weight)} unpacked`
    more.hidden = visible.length === rows.length
    more.textContent = `Show all ${rows.length}`
    order.value = String(column)
    for (const [at, one] of heads.entries())
      if (at === column) one.setAttribute("aria-sort", isDown ? "descending" : "ascending")
      else one.removeAttribute("aria-sort")
  }
  const sortBy = (at: number, down: boolean): void => {
    ;[column, isDown] = [at, down]
    draw()
  }
  search.addEventListener("input", draw)
  order.addEventListener("change", () => sortBy(Number(order.value), isNumber(Number(order.value))))
  more.addEventListener("click", () => {
    isAll = true
    draw()
  })
  draw()
}

function row(one: PagePackage, show: () => void): HTMLElement {
  return make(
    "tr",
    {},
    ...columns.map(({ look, shown }, at) => {
      if (at > 0) return make("td", { class: look }, shown(one))
      const name =
        one.files === 0 ? make("span", {}, one.name) : make("button", { type: "button", class: "link" }, one.name)
      if (one.files > 0) name.addEventListener("click", show)
      const notes = [one.version, one.ecosystem, `layer ${layerOf(one)}`, one.from].filter((text) => text !== "")
      return make("th", { scope: "row", class: look }, name, make("span", { class: "narrow" }, notes.join(" · ")))
    }),
  )
}

/** The largest numbers are wanted first. */
function isNumber(at: number): boolean {
  return columns[at]?.look.includes("number") === true
}

function compare(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0
}
