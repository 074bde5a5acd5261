#!/usr/bin/env bash
# Installs the system packages that the tests need and that npm cannot bring: Chromium, Java and Maven; for the lane `platforms` also PostgreSQL. The demo needs none of them.
# Only what is missing is installed; needs root and a Debian or Ubuntu.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: sudo scripts/setup-system.sh [--platforms] [--check | --chromium-path]

  (nothing)         install what is missing
  --platforms       also what `npm run test:platforms` needs: PostgreSQL, of which each test starts a private cluster
  --check           install nothing; list what is missing, exit status 1 if something is
  --chromium-path   print the path of the browser that the tests would drive
USAGE
}

# CHROMIUM_PATH, else the first of the usual names on PATH.
chromium_path() {
  local name
  if [ -n "${CHROMIUM_PATH:-}" ]; then
    [ -x "$CHROMIUM_PATH" ] && printf '%s\n' "$CHROMIUM_PATH"
    return
  fi
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    type -P "$name" && return
  done
  return 1
}

# Java 11 or newer: older ones cannot run the test server. macOS has a `java` that only says that there is none.
has_java() {
  local major
  major=$(java -version 2>&1 | sed -n 's/.*version "\(1\.\)\{0,1\}\([0-9]*\).*/\2/p' | head -n 1) || return 1
  [ -n "$major" ] && [ "$major" -ge 11 ]
}

missing=()
look() {
  missing=()
  chromium_path >/dev/null || missing+=(chromium)
  has_java || missing+=(default-jdk-headless)
  type -P mvn >/dev/null || missing+=(maven)
  # Debian keeps initdb off PATH.
  [ -z "$platforms" ] || type -P initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
}

platforms=
if [ "${1:-}" = --platforms ]; then platforms=1; shift; fi
case "${1:-}" in
  '') ;;
  --check)
    look
    [ ${#missing[@]} -gt 0 ] || { echo 'System packages for the tests: all there.'; exit 0; }
    echo "The tests need system packages that are missing: ${missing[*]}. Install them with:"
    echo "  sudo scripts/setup-system.sh${platforms:+ --platforms}"
    exit 1
    ;;
  --chromium-path) chromium_path; exit ;;
  -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac

look
if [ ${#missing[@]} -eq 0 ]; then
  echo "Nothing to install: Chromium, Java and Maven${platforms:+, PostgreSQL} are there."
  exit 0
fi
if ! type -P apt-get >/dev/null; then
  echo "This script knows apt-get only. Install by other means: ${missing[*]}" >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "Missing: ${missing[*]}. Installing them needs root:  sudo scripts/setup-system.sh" >&2
  exit 1
fi
echo "Installing ${missing[*]} …"
export DEBIAN_FRONTEND=noninteractive
began=$SECONDS
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
look
if [ ${#missing[@]} -gt 0 ]; then
  echo "Still missing after the installation: ${missing[*]}" >&2
  exit 1
fi
echo "Installed in $((SECONDS - began)) s."
