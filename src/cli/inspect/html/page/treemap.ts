import { hierarchy, treemap, treemapSquarify, type HierarchyRectangularNode } from "d3-hierarchy"
import { bytes, count } from "../../../../report/format.ts"
import { make, place } from "./dom.ts"
import { restOf, sentence, sizeOf, type Part } from "./tree.ts"

/** A part as it is drawn, with what is drawn inside; the part itself is missing where several are drawn as one. */
type Drawn = {
  readonly part: Part | undefined
  readonly label: string
  readonly size: number
  readonly inside: Drawn[]
}
type Box = HierarchyRectangularNode<Drawn>

/** So many parts are drawn at most, and each of so many square pixels at least: others are drawn as one. */
type Limit = { readonly parts: number; readonly pixels: number }
const limits: { readonly outer: Limit; readonly inner: Limit } = {
  outer: { parts: 150, pixels: 90 },
  inner: { parts: 80, pixels: 200 },
}
/** The line in which a part is named that others are drawn in, in pixels. */
const head = 20

/** Draws parts of an image and lets people go into them. */
export type Treemap = {
  /** Shows what is in a part, and puts the focus on one of those, unless it is to stay where it is. */
  readonly open: (part: Part, focus?: Part | "first") => void
}

/** Begins to draw into the page. Who sees it learns by `Enter`, a click or the breadcrumb. */
export function openTreemap(root: Part): Treemap {
  const [map, crumbs, said] = [place("map"), place("crumbs"), place("said")]
  let [shown, size] = [root, ""]
  const open: Treemap["open"] = (asked, focus) => {
    const part = shownFor(asked)
    shown = part
    size = sizeOfMap()
    crumbs.replaceChildren(...crumbsOf(part, open))
    said.textContent = sentence(part)
    const buttons = draw(map, part, open)
    const [begin] = buttons
    const first = (typeof focus === "object" ? buttons.find(({ of }) => of === focus) : begin)?.button ?? begin?.button
    if (first !== undefined) first.tabIndex = 0
    if (focus !== undefined) (first ?? map).focus({ preventScroll: true })
  }
  const sizeOfMap = (): string => `${map.clientWidth} ${map.clientHeight}`
  const onPart = (event: Event): void => {
    const button = event.target instanceof Element ? event.target.closest("button") : null
    if (button !== null) said.textContent = button.dataset["about"] ?? ""
  }
  map.addEventListener("focusin", onPart)
  map.addEventListener("pointerover", onPart)
  map.addEventListener("keydown", move)
  place("treemap").addEventListener("keydown", (event) => {
    const above = event.key === "Escape" ? aboveOf(shown) : undefined
    if (above === undefined) return
    event.preventDefault()
    open(above.part, above.from)
  })
  new ResizeObserver(() => {
    if (size !== sizeOfMap()) open(shown, map.contains(document.activeElement) ? "first" : undefined)
  }).observe(map)
  return { open }
}

/** Where a part has one part alone, that is shown. */
function shownFor(part: Part): Part {
  const [only] = part.parts
  return part.parts.length === 1 && only !== undefined && only.parts.length > 0 ? shownFor(only) : part
}

/** The part above that shows something else, and the one in it to come back to. */
function aboveOf(part: Part): { readonly part: Part; readonly from: Part } | undefined {
  const { parent } = part
  if (parent === undefined) return undefined
  return shownFor(parent) === part ? aboveOf(parent) : { part: parent, from: part }
}

/** Arrows go from part to part, the largest first. */
function move(event: KeyboardEvent): void {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key]
  const buttons = [...place("map").querySelectorAll("button")]
  const at = buttons.indexOf(document.activeElement as HTMLButtonElement)
  const to = event.key === "Home" ? 0 : event.key === "End" ? buttons.length - 1 : step === undefined ? -1 : at + step
  const next = buttons[to]
  if (at === -1 || next === undefined) return
  event.preventDefault()
  for (const button of buttons) button.tabIndex = button === next ? 0 : -1
  next.focus()
}

function crumbsOf(part: Part, open: Treemap["open"]): readonly HTMLElement[] {
  const trail: Part[] = []
  for (let at: Part | undefined = part; at !== undefined; at = at.parent) trail.unshift(at)
  return trail.map((one, at) => {
    if (one === part) return make("li", {}, make("span", { "aria-current": "true" }, one.label))
    if (shownFor(one) === part) return make("li", {}, one.label)
    const button = make("button", { type: "button" }, one.label)
    button.addEventListener("click", () => open(one, trail[at + 1]))
    return make("li", {}, button)
  })
}

type Button = { readonly button: HTMLButtonElement; readonly of: Part | undefined }

function draw(map: HTMLElement, part: Part, open: Treemap["open"]): readonly Button[] {
  const [width, height] = [map.clientWidth, map.clientHeight]
  const buttons = boxesOf(part, width, height).map((box) => {
    const { part: of, label } = box.data
    const leaf = of === undefined || of.parts.length === 0
    const size = bytes(box.data.size)
    const about = of === undefined ? `${label}: ${size}` : sentence(of)
    const button = make("button", {
      type: "button",
      tabindex: "-1",
      class: `part ${of?.look ?? "rest"}${leaf ? " leaf" : ""}${box.y1 - box.y0 > 70 ? " tall" : ""}`,
      "data-about": about,
    })
    put(button, box, { x0: 0, y0: 0 })
    if (isNamed(box)) button.append(make("span", { class: "label" }, `${label} `, make("small", {}, size)))
    // What is seen is the beginning of what is heard.
    const rest = !isNamed(box) ? about : of === undefined ? "" : restOf(of)
    button.append(make("span", { class: "heard" }, leaf ? rest : `${rest}. Opens what is in it.`))
    for (const inner of box.children ?? []) button.append(drawInner(inner, box))
    if (!leaf) button.addEventListener("click", () => open(of, "first"))
    return { button, of }
  })
  map.replaceChildren(...buttons.map(({ button }) => make("li", {}, button)))
  return buttons
}

/** True where there is room for a name that nothing is drawn on. */
function isNamed(box: Box): boolean {
  const [width, height] = [box.x1 - box.x0, box.y1 - box.y0]
  return width > 36 && height > (box.children === undefined ? 17 : 2 * head)
}

function drawInner(box: Box, outer: Box): HTMLElement {
  const made = make("span", { class: `inner ${box.data.part?.look ?? "rest"}`, "aria-hidden": "true" })
  if (box.x1 - box.x0 > 44 && box.y1 - box.y0 > 17) made.append(box.data.label)
  put(made, box, outer)
  return made
}

function put(made: HTMLElement, box: Box, { x0, y0 }: { readonly x0: number; readonly y0: number }): void {
  made.style.left = `${box.x0 - x0}px`
  made.style.top = `${box.y0 - y0}px`
  made.style.width = `${Math.max(1, box.x1 - box.x0)}px`
  made.style.height = `${Math.max(1, box.y1 - box.y0)}px`
}

/** The parts inside one, and inside each of these, where they are drawn in a rectangle of so many pixels. */
function boxesOf(part: Part, width: number, height: number): readonly Box[] {
  const scale = (width * height) / Math.max(1, sizeOf(part))
  const outer = together(part.parts, scale, limits.outer)
  for (const one of outer)
    one.inside.push(...together(one.part === undefined ? [] : shownFor(one.part).parts, scale, limits.inner))
  const all: Drawn = { part, label: "", size: 0, inside: outer }
  const whole = hierarchy(all, ({ inside }) => (inside.length > 1 ? inside : []))
    .sum((drawn) => (drawn.inside.length > 1 ? 0 : drawn.size))
    .sort((a, b) => Number(isRest(a.data)) - Number(isRest(b.data)) || (b.value ?? 0) - (a.value ?? 0))
  if (outer.length === 1 && outer[0] !== undefined) return boxesOfOne(outer[0], width, height)
  const laidOut = treemap<Drawn>()
    .tile(treemapSquarify)
    .size([width, height])
    .round(true)
    .paddingInner(2)
    .paddingOuter((box) => (box.depth === 1 ? 3 : 0))
    .paddingTop((box) => (box.depth !== 1 ? 0 : isNamed(box) ? head : 3))(whole)
  return laidOut.children ?? []
}

/** What stands for many small parts comes last. */
function isRest({ part }: Drawn): boolean {
  return part === undefined || part.look === "rest"
}

/** One part alone takes all of the place. */
function boxesOfOne(one: Drawn, width: number, height: number): readonly Box[] {
  const root = hierarchy(one, () => []).sum(({ size }) => size)
  return [treemap<Drawn>().size([width, height])(root)]
}

/** The largest parts, and all others as one. */
function together(parts: readonly Part[], scale: number, limit: Limit): Drawn[] {
  const isWide = ({ size, look }: Part, at: number): boolean =>
    at < limit.parts && (look === "rest" || size * scale >= limit.pixels)
  const wide = parts.filter(isWide)
  const small = parts.filter((part, at) => !isWide(part, at))
  const drawn = wide.map((part): Drawn => ({ part, label: part.label, size: part.size, inside: [] }))
  const size = small.reduce((sum, part) => sum + part.size, 0)
  if (size > 0) drawn.push({ part: undefined, label: count(small.length, "smaller part"), size, inside: [] })
  return drawn
}
