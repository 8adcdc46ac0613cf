import parse from "spdx-expression-parse"

/** How a licence can be said: as an SPDX expression, or by the words of whoever packaged it. */
export type Licence = { readonly expression: string } | { readonly words: string }

/** Words that are everywhere and that mean one licence; matched whole, in small letters. */
const known: Readonly<Record<string, string>> = {
  "mit license": "MIT",
  "the mit license": "MIT",
  "mit-license": "MIT",
  "apache 2.0": "Apache-2.0",
  "apache-2": "Apache-2.0",
  "apache license 2.0": "Apache-2.0",
  "apache license, version 2.0": "Apache-2.0",
  "apache license version 2.0": "Apache-2.0",
  "apache software license 2.0": "Apache-2.0",
  "bsd 3-clause": "BSD-3-Clause",
  "bsd-3": "BSD-3-Clause",
  "bsd 3-clause license": "BSD-3-Clause",
  "3-clause bsd license": "BSD-3-Clause",
  "3-clause bsd": "BSD-3-Clause",
  "new bsd": "BSD-3-Clause",
  "new bsd license": "BSD-3-Clause",
  "modified bsd license": "BSD-3-Clause",
  "bsd 2-clause": "BSD-2-Clause",
  "isc license": "ISC",
  "isc license (iscl)": "ISC",
  "mpl 2.0": "MPL-2.0",
  "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
  "python software foundation license": "PSF-2.0",
  psf: "PSF-2.0",
  "psf license": "PSF-2.0",
  "zpl 2.1": "ZPL-2.1",
  "the unlicense (unlicense)": "Unlicense",
  lgplv3: "LGPL-3.0-only",
  gplv3: "GPL-3.0-only",
  gplv2: "GPL-2.0-only",
  "gpl (>= 2)": "GPL-2.0-or-later",
  "gpl (>= 3)": "GPL-3.0-or-later",
  "gpl-2 | gpl-3": "GPL-2.0-only OR GPL-3.0-only",
  "mit + file license": "MIT",
}

/**
 * A licence as it is written, as an expression where it is one or means one beyond doubt. `BSD` and `GPL` do not: which of several
 * is for people to find out. https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/
 */
export function licenceOf(written: string): Licence {
  const text = written.replaceAll(/\s+/g, " ").trim()
  for (const candidate of [text, known[text.toLowerCase()]]) {
    if (candidate === undefined) continue
    try {
      parse(candidate)
      return { expression: candidate }
    } catch {
      // Not an expression.
    }
  }
  return { words: text }
}
