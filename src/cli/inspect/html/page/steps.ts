import { bytes } from "../../../../report/format.ts"
import type { PageData } from "./data.ts"
import { make, place } from "./dom.ts"

/** A longer step is shown whole when somebody asks for it. */
const long = 160

/** The steps that made an image, from the first, and what could be saved. */
export function showSteps(data: PageData, show: (layer: number) => void): void {
  const largest = Math.max(1, ...data.layers.map(({ size }) => size))
  place("steps").replaceChildren(
    ...data.layers.map(({ by, created, size, unpacked, hidden }, at) => {
      const notes = [
        `${bytes(size)} pulled`,
        `${bytes(unpacked)} unpacked`,
        ...(hidden === 0 ? [] : [`${bytes(hidden)} hidden by later steps`]),
        ...(created === "" ? [] : [created]),
      ]
      const title = by.length <= long ? make("span", { class: "step" }, by) : longStep(by)
      const bar = make("span", { class: "bar", "aria-hidden": "true" })
      bar.style.width = `${Math.max(0.4, (100 * size) / largest)}%`
      const open = make("button", { type: "button", "aria-label": `Show layer ${at + 1} in the map` }, "show")
      open.addEventListener("click", () => show(at))
      return make(
        "li",
        {},
        title,
        make("span", { class: "notes" }, notes.join(" · ")),

        ...(unpacked === 0 ? [] : [open]),
        bar,
      )
    }),
  )
  const none = make("p", {}, "Nothing is hidden or left behind that would be worth a change.")
  const list = data.savings.map(({ size, what, instead }) =>
    make(
      "li",
      {},
      make("strong", {}, bytes(size)),
      ` ${what}`,
      make("span", { class: "notes" }, `Instead: ${instead}.`),
    ),
  )
  place("savings").replaceChildren(list.length === 0 ? none : make("ul", {}, ...list))
}

function longStep(by: string): HTMLElement {
  const more = make("summary", {}, `${by.slice(0, long)}…`)
  return make("details", { class: "step" }, more, make("code", {}, by))
}
