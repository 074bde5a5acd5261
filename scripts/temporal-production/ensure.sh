#!/usr/bin/env bash
# Temporal as it runs in production, for the tests of the lane `platforms`: the server and its schema tool, built from their Go module into the cache, and PostgreSQL, which must be there.
set -euo pipefail

version=1.32.1
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
binaries="$root/.cache/bin"

usage() {
  cat <<'USAGE'
Usage: scripts/temporal-production/ensure.sh [--check]

  (nothing)   build what is missing (Go 1.26 or newer; about 5 minutes on two busy cores, 190 MB, 2.2 GB of memory while it compiles)
  --check     build nothing; exit status 1 if something is missing
USAGE
}

say() { printf '%s\n' "$*" >&2; }

# Where PostgreSQL's own programs are: Debian keeps them off PATH. The newest, 12 or later.
postgres_binaries() {
  local directory
  for directory in ${POSTGRES_BIN:-} $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV) "$(dirname "$(type -P initdb || echo /nowhere/initdb)")"; do
    if [ -x "$directory/initdb" ] && [ -x "$directory/postgres" ]; then printf '%s\n' "$directory"; return; fi
  done
  return 1
}

missing=()
look() {
  missing=()
  [ -x "$binaries/temporal-server-$version" ] || missing+=("temporal-server-$version")
  [ -x "$binaries/temporal-sql-tool-$version" ] || missing+=("temporal-sql-tool-$version")
}

# Built aside and moved into place, so that an interrupted build leaves nothing that looks finished.
build() {
  local package=$1 target=$2 began=$SECONDS
  type -P go >/dev/null || { say "No $target in .cache/bin and no Go to build it with: install Go 1.26 or newer and run this again."; exit 1; }
  work=$(mktemp -d "$binaries/.build.XXXXXX")
  say "Building $target with go install …"
  GOBIN="$work" nice go install -ldflags '-s -w' "go.temporal.io/server/$package@v$version"
  mv -f "$work/$(basename "$package")" "$binaries/$target"
  rm -rf "$work"
  work=
  say "  built in $((SECONDS - began)) s"
}

work=
trap '[ -z "$work" ] || rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

case "${1:-}" in
  '') ;;
  --check)
    look
    postgres_binaries >/dev/null || missing+=('PostgreSQL (sudo scripts/setup-system.sh --platforms)')
    [ ${#missing[@]} -eq 0 ] || { say "Missing: ${missing[*]}. Get it with: scripts/temporal-production/ensure.sh"; exit 1; }
    postgres_binaries
    exit ;;
  -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac

postgres_binaries >/dev/null || { say 'PostgreSQL 12 or newer is missing. Install it with: sudo scripts/setup-system.sh --platforms'; exit 1; }
mkdir -p "$binaries"
look
for target in ${missing[@]+"${missing[@]}"}; do
  # One at a time: both at once take all the memory of a small machine.
  case "$target" in
    temporal-server-*) build cmd/server "$target" ;;
    temporal-sql-tool-*) build cmd/tools/sql "$target" ;;
  esac
done
postgres_binaries
