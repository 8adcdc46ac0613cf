import type { TarHeader } from "../../oci/tar/header.ts"

/**
 * Files that differ from run to run or from machine to machine, or that only this run needed: what the host is
 * called, logs, caches, locks, backups of databases, keys that scripts made up, our own apt settings. Directories
 * stay. Each pattern is matched against the whole path.
 */
const patterns: readonly RegExp[] = [
  /^(?:dev|proc|sys|tmp|run)\/.*/,
  /^etc\/(?:hostname|resolv\.conf|\.pwd\.lock)/,
  /^etc\/(?:passwd|group|shadow|gshadow|subuid|subgid)-/,
  /^etc\/apt\/(?:apt\.conf\.d|preferences\.d)\/00nbstacks/,
  /^etc\/apt\/sources\.list\.d\/0000.*/,
  // Private keys in an image would be everybody's.
  /^etc\/ssh\/ssh_host_.*/,
  /^etc\/ssl\/private\/ssl-cert-snakeoil\.key/,
  /^etc\/ssl\/certs\/ssl-cert-snakeoil\.pem/,
  /^var\/backups\/.*/,
  /^var\/cache\/(?:apt|man|fontconfig)\/.*/,
  /^var\/cache\/ldconfig\/aux-cache/,
  /^var\/cache\/debconf\/.*-old/,
  /^var\/lib\/apt\/(?:lists|periodic)\/.*/,
  /^var\/lib\/dbus\/machine-id/,
  /^var\/lib\/dpkg\/(?:status|diversions|statoverride|available)-old/,
  /^var\/lib\/dpkg\/(?:lock|lock-frontend|triggers\/Lock)/,
  /^var\/lib\/dpkg\/updates\/.*/,
  /^var\/lib\/systemd\/random-seed/,
  /^var\/lib\/texmf\/(?:.*\/)?[^/]*\.log/,
  /^var\/lib\/ucf\/cache\/.*/,
]

/** Directories below which even directories go. */
const emptied = /^(?:dev|proc|sys|tmp)\/|^run\/(?!lock$)/

/** True for what does not go into the image. */
export function isLeftover(header: Pick<TarHeader, "path" | "kind" | "size">): boolean {
  const { path, kind, size } = header
  if (kind === "directory") return emptied.test(path)
  if (kind === "character" || kind === "block" || kind === "fifo") return true
  if (path.startsWith("var/log/")) return size > 0 || kind !== "file"
  return patterns.some((pattern) => pattern.exec(path)?.[0] === path)
}
