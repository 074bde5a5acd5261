# Starts the server and prepares its namespace. Sourced by temporal-dev.sh after find-cli.sh and process.sh.
# shellcheck shell=bash

namespace=default
# 30 days. The development server's own default is 24 h, after which a closed run could be started again by a late redelivery.
retention=720h

# The one list of search attributes is TypeScript; its entries keep to one line each. Prints Name=Type.
search_attributes() {
  sed -n "s/^  \([A-Za-z][A-Za-z0-9]*\): '\([A-Za-z]*\)',.*/\1=\2/p" "$attributes_file"
}

# Calls the CLI against the server just started, whatever address, namespace or credentials the environment has for others.
on_server() {
  (
    unset TEMPORAL_NAMESPACE TEMPORAL_API_KEY TEMPORAL_PROFILE TEMPORAL_TLS ${!TEMPORAL_TLS_*}
    "$cli" "$@" --address "127.0.0.1:$port" --namespace "$namespace"
  )
}

# Sets $port and $ui_port.
choose_ports() {
  local name
  port=${TEMPORAL_PORT:-7233}
  ui_port=${TEMPORAL_UI_PORT:-8233}
  if [ -n "${TEMPORAL_ADDRESS:-}" ]; then
    case "${TEMPORAL_ADDRESS%:*}" in
      127.0.0.1 | localhost) port=${TEMPORAL_ADDRESS##*:} ;;
      *) fail "TEMPORAL_ADDRESS=$TEMPORAL_ADDRESS is not on this machine, so there is nothing to start; unset it for a local server" ;;
    esac
  fi
  for name in port ui_port; do
    case "${!name}" in '' | *[!0-9]* | 0* | ??????*) fail "${!name} is not a port number (TEMPORAL_PORT, TEMPORAL_UI_PORT)" ;; esac
  done
}

# Something that accepts connections on the port has it; a successful connect needs no further tool.
refuse_taken_port() {
  if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then
    fail "port $1 is taken by another program; stop that, or choose another port with $2"
  fi
}

start_server() {
  local data log attribute
  choose_ports
  mkdir -p "$state/logs"
  state=$(cd "$state" && pwd)
  take_start_lock
  if read_running; then
    [ "$running_port $running_ui_port" = "$port $ui_port" ] ||
      fail "already running for this state directory on port $running_port (Web UI $running_ui_port); stop it first: ./temporal-dev.sh --stop"
    say "Temporal is already running: process $pid, address 127.0.0.1:$port"
    say "Web UI: http://127.0.0.1:$ui_port"
    already_running=1
    release_start_lock
    return 0
  fi
  refuse_taken_port "$port" TEMPORAL_PORT
  refuse_taken_port "$ui_port" TEMPORAL_UI_PORT
  ensure_cli
  # One directory per server version: a newer server changes the schema and an older one cannot read it.
  data="$state/temporal-$server_version"
  log="$state/logs/temporal.log"
  mkdir -p "$data"
  set --
  for attribute in $(search_attributes); do set -- "$@" --search-attribute "$attribute"; done
  starting=1
  launch "$log" "$data/temporal.db" "$@"
  write_running "$pid" "$port" "$ui_port" "$data/temporal.db"
  wait_until_healthy "$log"
  prepare_namespace || fail 'the namespace could not be prepared; see the messages above'
  # In the foreground an interruption stops the server all the same, until follow_server sees to it.
  [ "$action" = start ] || starting=
  release_start_lock
  say "Temporal is ready: address 127.0.0.1:$port, namespace $namespace, retention 30 days; log: $log"
  say "Web UI: http://127.0.0.1:$ui_port"
}

# Starts the server in a process group of its own, so that Ctrl-C in the terminal reaches this script only. Sets $pid.
launch() {
  local log=$1 database=$2
  shift 2
  set -m
  # Without WAL the database is ten times slower; the default poll rates make each step wait for a tick of 50 ms.
  nohup "$cli" server start-dev --db-filename "$database" --ip 127.0.0.1 --port "$port" --ui-port "$ui_port" \
    --namespace "$namespace" \
    --sqlite-pragma journal_mode=WAL --sqlite-pragma synchronous=NORMAL \
    --dynamic-config-value history.transferProcessorMaxPollRPS=2000 \
    --dynamic-config-value history.timerProcessorMaxPollRPS=500 \
    --dynamic-config-value history.visibilityProcessorMaxPollRPS=500 \
    "$@" </dev/null >>"$log" 2>&1 &
  pid=$!
  set +m
}

wait_until_healthy() {
  local tries=0
  until on_server operator cluster health >/dev/null 2>&1; do
    tries=$((tries + 1))
    if ! kill -0 "$pid" 2>/dev/null || [ $tries -ge 300 ]; then
      complain "Temporal did not become healthy; the end of $1:"
      tail -n 15 "$1" >&2
      exit 1
    fi
    sleep 0.1
  done
}

# Retention, and search attributes again: on a database that exists already the server's own flags add none.
prepare_namespace() {
  local attribute listed missing='' tries=0
  set --
  for attribute in $(search_attributes); do set -- "$@" --name "${attribute%%=*}" --type "${attribute#*=}"; done
  [ $# -gt 0 ] || { complain "no search attribute found in $attributes_file"; return 1; }
  on_server operator namespace update --retention "$retention" >/dev/null || return 1
  on_server operator search-attribute create "$@" >/dev/null || return 1
  while :; do
    listed=$(on_server operator search-attribute list) || return 1
    missing=
    for attribute in $(search_attributes); do
      printf '%s\n' "$listed" | grep -q "^ *${attribute%%=*}  *${attribute#*=} *$" || missing="$missing ${attribute%%=*}"
    done
    [ -n "$missing" ] || return 0
    tries=$((tries + 1))
    [ $tries -lt 100 ] || { complain "search attributes not registered:$missing"; return 1; }
    sleep 0.1
  done
}

# In the foreground: until the server ends or somebody stops this script.
follow_server() {
  [ -z "${already_running:-}" ] || return 0
  trap 'stop_server; exit 0' INT TERM HUP
  starting=
  say 'Ctrl-C stops it.'
  while read_running; do sleep 0.5; done
  # Stopped by --stop from elsewhere, the pid file is gone; otherwise the server died.
  [ -f "$pid_file" ] || return 0
  rm -f "$pid_file"
  fail "Temporal ended by itself; the end of $state/logs/temporal.log: $(tail -n 5 "$state/logs/temporal.log")"
}
