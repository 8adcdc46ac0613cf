/**
 * True for a file that may have taken the place of a folder with packages, by its path: nearly all files are named as no such
 * folder is, or are where none is.
 */
export function isLikeFolder(path: string): boolean {
  return !fileName.test(path) && !filesOnly.test(path)
}

const fileName =
  /\.(?:[a-z][a-z0-9_]{0,9}|so\.[\d.]+|\d[a-z]?)$|(?:^|\/)(?:__init__\.|[A-Z][A-Z0-9_.-]+$|\.[^/]*$)|-info\/[^/]+$/
const filesOnly =
  /^(?:usr\/(?:local\/)?)?(?:s?bin|share\/(?:doc|man|zoneinfo|locale|icons|terminfo|bash-completion|lintian|fonts|texmf)|lib\/(?:terminfo|git-core))\//
