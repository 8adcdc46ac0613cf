/** `os/architecture` or `os/architecture/variant`, such as `linux/amd64` or `linux/arm/v7`. */
export type Platform = `${string}/${string}`

const shape = /^[a-z0-9]+\/[a-z0-9_]+(?:\/[a-z0-9]+)?$/

/** True for text of the form `os/architecture[/variant]`. */
export function isPlatform(text: string): text is Platform {
  return shape.test(text)
}

/** The three fields of an OCI platform object. */
export function platformFields(platform: Platform): { os: string; architecture: string; variant?: string } {
  const [os = "", architecture = "", variant] = platform.split("/")
  return variant === undefined ? { os, architecture } : { os, architecture, variant }
}

/** The text form of an OCI platform object. arm64's only variant, v8, is left out. */
export function platformOf(fields: { os: string; architecture: string; variant?: string | undefined }): Platform {
  const variant = fields.architecture === "arm64" && fields.variant === "v8" ? undefined : fields.variant
  return `${fields.os}/${fields.architecture}${variant ? `/${variant}` : ""}`
}
