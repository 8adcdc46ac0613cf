/** The formats in which what is in an image can be said to other programs. */
export const sbomFormats = ["spdx", "cyclonedx"] as const

export type SbomFormat = (typeof sbomFormats)[number]
