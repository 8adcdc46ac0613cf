/**
 * Variables that name proxies, in both spellings. They are of the machine that builds: engines pass them on, and their
 * values must not decide what is built again (design: keys).
 */
export const proxyVariables: readonly string[] = [
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "FTP_PROXY",
  "ALL_PROXY",
  "NO_PROXY",
].flatMap((name) => [name, name.toLowerCase()])
