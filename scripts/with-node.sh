#!/bin/sh
# Runs a script of this folder with the Node that the project wants, installing what is missing first.
# Works with what a bare machine has: sh, npm and any Node that npm runs on.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
node="$root/node_modules/node/bin/node"
if [ ! -x "$node" ] || [ "$root/package-lock.json" -nt "$root/node_modules/.package-lock.json" ]; then
  # Not `npm ci`: it refuses a lock that lacks optional packages for platforms which some registries do not carry.
  (cd "$root" && npm install --no-save --no-audit --no-fund --loglevel=error && touch node_modules/.package-lock.json) >&2
fi
script=$1
shift
exec "$node" --disable-warning=ExperimentalWarning "$root/$script" "$@"
