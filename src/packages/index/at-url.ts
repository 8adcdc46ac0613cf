import { Failure } from "../../failure.ts"
import { parseWheelName, type WheelName } from "../wheel/filename.ts"
import { linkFrom, type Link } from "./link.ts"

/** The file that a lock names by its URL, as if an index offered it. `hash` is hexadecimal. Fails with `cannot` when it is no wheel. */
export function offerAt(
  url: string,
  hash: string,
): { readonly name: WheelName; readonly requiresPython: undefined; readonly link: Link & { readonly sha256: string } } {
  const link = linkFrom(url, url, { sha256: hash })
  const name = link === undefined ? undefined : parseWheelName(link.filename)
  if (link === undefined || name === undefined) {
    throw new Failure("cannot", `${link?.filename ?? "What a lock names"} is not the name of a wheel`, {
      hint: "A wheel's file is called NAME-VERSION-PYTHON-ABI-PLATFORM.whl: correct the URL in the lock",
    })
  }
  return { name, requiresPython: undefined, link: { ...link, sha256: hash, isLocked: true } }
}
