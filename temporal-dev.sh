#!/usr/bin/env bash
# Runs a Temporal development server for Holdpoint, with the settings, search attributes and retention that it needs.
# Needs neither Node nor the other parts; works with bash 3.2 (macOS) and later.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache="$root/.cache"
state=${HOLDPOINT_STATE:-$cache/state}
attributes_file="$root/workflows/domain/search-attributes.ts"

usage() {
  cat <<'USAGE'
Usage: ./temporal-dev.sh [--detach | --stop | --status | --ensure | --find | --search-attributes]

  (nothing)             start the server, or say that it runs already; Ctrl-C stops it
  --detach              start it in the background
  --stop                stop the server of this state directory
  --status              tell whether it runs; exit status 3 if it does not
  --ensure              only find or get the Temporal CLI; its path is the one line on standard output
  --find                the same without getting it; exit status 1 if there is none yet
  --search-attributes   print the search attributes that are registered, Name=Type

The CLI is looked for in this order: TEMPORAL_CLI (a path), `temporal` on PATH if it is new enough, .cache/bin/temporal,
the official download of a fixed version, `go install` of the same version.

Environment: TEMPORAL_PORT (7233), TEMPORAL_UI_PORT (8233), TEMPORAL_ADDRESS (beats TEMPORAL_PORT), TEMPORAL_CLI,
HOLDPOINT_STATE (.cache/state), HOLDPOINT_TEMPORAL_SKIP_DOWNLOAD=1 (no attempt at the official download).
USAGE
}

say() { printf '%s\n' "$*" >&"$speech"; }
complain() { printf 'temporal-dev.sh: %s\n' "$*" >&2; }
fail() { complain "$@"; exit 1; }

# shellcheck source=scripts/temporal/find-cli.sh
. "$root/scripts/temporal/find-cli.sh"
# shellcheck source=scripts/temporal/process.sh
. "$root/scripts/temporal/process.sh"
# shellcheck source=scripts/temporal/server.sh
. "$root/scripts/temporal/server.sh"

# What an interruption must undo; each part sets its own and empties it when done.
builder= work= starting= locked=
clean_up() {
  [ -z "$builder" ] || kill "$builder" 2>/dev/null || true
  [ -z "$work" ] || rm -rf "$work"
  [ -z "$starting" ] || stop_server >/dev/null
  [ -z "$locked" ] || rm -f "$lock_file"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

speech=1
action=start
case "${1:-}" in
  '') ;;
  --detach) action=detach ;;
  --stop) action=stop ;;
  --status) action=status ;;
  --ensure) action=ensure; speech=2 ;;
  --find) action=find; speech=2 ;;
  --search-attributes) action=attributes ;;
  -h | --help) usage; exit 0 ;;
  *) complain "unknown option $1"; usage >&2; exit 2 ;;
esac
[ $# -le 1 ] || { complain "one option at a time"; usage >&2; exit 2; }

case "$action" in
  ensure) ensure_cli; printf '%s\n' "$cli" ;;
  find) find_cli; printf '%s\n' "$cli" ;;
  attributes) search_attributes ;;
  status) server_status ;;
  stop) stop_server ;;
  detach) start_server ;;
  start) start_server; follow_server ;;
esac
