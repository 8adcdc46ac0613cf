/** An address without a login, and without a token of conda's channels. */
export function withoutLogin(url: string): string {
  return url.replace(/^([a-z+]+:\/\/)[^/@]*@/i, "$1").replace(/\/t\/[^/]+/, "")
}
