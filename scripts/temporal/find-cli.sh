# Finds the Temporal CLI, or gets it. Sourced by temporal-dev.sh, which defines $root, $cache, say and fail.
# shellcheck shell=bash

cli_version=1.5.1
oldest_server=1.29

# Sets $cli (a path) and $server_version; gets the CLI if there is none.
ensure_cli() {
  if find_cli; then return; fi
  mkdir -p "$cache/bin"
  if download_cli; then use "$cache/bin/temporal" 'downloaded'; return; fi
  if build_cli; then use "$cache/bin/temporal" 'built with go install'; return; fi
  fail "no Temporal CLI: install it (https://docs.temporal.io/cli) or install Go 1.25 or newer, and run this again"
}

# The same without getting it; false if there is none yet.
find_cli() {
  local on_path
  if [ -n "${TEMPORAL_CLI:-}" ]; then
    # A path that somebody chose is never replaced in silence.
    usable "$TEMPORAL_CLI" || fail "TEMPORAL_CLI=$TEMPORAL_CLI cannot be used: $unusable_because"
    use "$TEMPORAL_CLI" 'from TEMPORAL_CLI'
    return
  fi
  if on_path=$(type -P temporal) && [ "$on_path" != "$cache/bin/temporal" ]; then
    if usable "$on_path"; then use "$on_path" 'on PATH'; return; fi
    say "Temporal CLI on PATH ($on_path) is not used: $unusable_because."
  fi
  if [ -e "$cache/bin/temporal" ]; then
    if usable "$cache/bin/temporal"; then use "$cache/bin/temporal" 'from the cache'; return; fi
    say "Temporal CLI in the cache is not used: $unusable_because."
  fi
  return 1
}

use() {
  cli=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
  say "Temporal CLI: $cli ($2, Server $server_version)"
}

# Whether the CLI at $1 can start the server as it is needed; sets $server_version, or $unusable_because.
usable() {
  local version help flag
  server_version=
  unusable_because='it is not a program that can be run'
  [ -f "$1" ] && [ -x "$1" ] || return 1
  version=$("$1" --version 2>/dev/null) || return 1
  server_version=$(printf '%s\n' "$version" | sed -n 's/.*Server \([0-9][0-9.]*\).*/\1/p')
  unusable_because="it does not tell its server's version"
  [ -n "$server_version" ] || return 1
  unusable_because="its server is $server_version, needed is $oldest_server or newer"
  at_least "$server_version" "$oldest_server" || return 1
  help=$("$1" server start-dev --help 2>/dev/null) || help=
  for flag in --sqlite-pragma --dynamic-config-value --search-attribute; do
    unusable_because="it does not know $flag"
    case "$help" in *"$flag"*) ;; *) return 1 ;; esac
  done
  unusable_because=
}

# Whether version $1 is $2 (major.minor) or newer.
at_least() {
  local major=${1%%.*} rest=${1#*.} minor
  minor=${rest%%.*}
  [ "$major" -gt "${2%%.*}" ] || { [ "$major" -eq "${2%%.*}" ] && [ "$minor" -ge "${2#*.}" ]; }
}

# SHA-256 of the official archives of version $cli_version.
archive_checksum() {
  case "$1" in
    linux_amd64) echo ddc95e08b0b076efd4ea9733a3f488eb7d2be875f8834e616cd2a37358b4852d ;;
    linux_arm64) echo bd1b0db9f18b051026de8bf6cc1505f2510f14bbb7a8b9a4a91fff46c77454f5 ;;
    darwin_amd64) echo bbb73e2a31135abe50a1f1cdb35030c42961df618e8ce9c60ae89f201540c5d9 ;;
    darwin_arm64) echo cca01b7ea35ad56e2a328d9ae596bf716bd22313ef63c7a761c88354457c2415 ;;
  esac
}

sha256_of() {
  if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d' ' -f1
}

# The official archive. Whoever has no internet is past this within the connection's time limit.
download_cli() {
  local platform archive url wanted status=1
  [ "${HOLDPOINT_TEMPORAL_SKIP_DOWNLOAD:-}" != 1 ] || return 1
  command -v curl >/dev/null || { say 'Official download: skipped, there is no curl.'; return 1; }
  case "$(uname -s)" in Linux) platform=linux ;; Darwin) platform=darwin ;; *) return 1 ;; esac
  case "$(uname -m)" in x86_64 | amd64) platform=${platform}_amd64 ;; aarch64 | arm64) platform=${platform}_arm64 ;; *) return 1 ;; esac
  archive="temporal_cli_${cli_version}_${platform}.tar.gz"
  url="https://github.com/temporalio/cli/releases/download/v${cli_version}/$archive"
  wanted=$(archive_checksum "$platform")
  work=$(mktemp -d "$cache/bin/.download.XXXXXX")
  say "Official download of Temporal CLI $cli_version for $platform (about 60 MB) …"
  # Slower than 20 kB/s for 20 s counts as no connection: building then takes less time.
  if ! curl -fsSL --connect-timeout 4 --speed-limit 20000 --speed-time 20 -o "$work/$archive" "$url" 2>"$work/error"; then
    say "  not possible: $(tail -n 1 "$work/error")"
  elif [ "$(sha256_of "$work/$archive")" != "$wanted" ]; then
    say '  refused: its checksum is not the expected one'
  elif tar -xzf "$work/$archive" -C "$work" temporal && usable "$work/temporal"; then
    mv -f "$work/temporal" "$cache/bin/temporal"
    status=0
  else
    say "  not usable: $unusable_because"
  fi
  rm -rf "$work"
  work=
  return $status
}

# Builds the same version from the Go module.
build_cli() {
  local began=$SECONDS next=15
  command -v go >/dev/null || { say 'go install: skipped, there is no Go.'; return 1; }
  work=$(mktemp -d "$cache/bin/.build.XXXXXX")
  say "Building Temporal CLI $cli_version with go install (one time; about 2.5 minutes on two cores, 213 MB) …"
  # Built aside and moved into place, so that an interrupted build leaves nothing that looks finished.
  GOBIN="$work" go install -v -ldflags "-s -w -X github.com/temporalio/cli/temporalcli.Version=$cli_version" \
    "github.com/temporalio/cli/cmd/temporal@v$cli_version" >"$work/log" 2>&1 &
  builder=$!
  while kill -0 "$builder" 2>/dev/null; do
    sleep 1
    if [ $((SECONDS - began)) -ge $next ]; then
      say "  $((SECONDS - began)) s, $(grep -vc '^go: ' "$work/log" || true) of about 1,300 packages compiled"
      next=$((next + 15))
    fi
  done
  if wait "$builder" && usable "$work/temporal"; then
    builder=
    mv -f "$work/temporal" "$cache/bin/temporal"
    rm -rf "$work"
    work=
    say "  built in $((SECONDS - began)) s"
    return 0
  fi
  builder=
  say '  go install failed:'
  tail -n 15 "$work/log" >&2
  rm -rf "$work"
  work=
  return 1
}
