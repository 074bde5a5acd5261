# The server's process: whether it runs, and stopping it. Sourced by temporal-dev.sh, which defines $state and say.
# shellcheck shell=bash

pid_file="$state/temporal.pid"
lock_file="$state/temporal.starting"

# The whole command line of process $1; nothing if there is no such process.
command_line() {
  if [ -r "/proc/$1/cmdline" ]; then
    tr '\0' ' ' <"/proc/$1/cmdline"
  else
    ps -p "$1" -o args= 2>/dev/null || true
  fi
}

# Reads the pid file into $pid, $running_port, $running_ui_port and $running_database. False if the server that it names is
# gone. A process id is reused by the system: it counts only while it is a server on the database of this state directory.
read_running() {
  [ -f "$pid_file" ] || return 1
  { read -r pid running_port running_ui_port; read -r running_database; } <"$pid_file" 2>/dev/null || return 1
  case "$(command_line "$pid")" in
    *"start-dev"*"--db-filename $running_database "*) return 0 ;;
    *) return 1 ;;
  esac
}

write_running() {
  printf '%s %s %s\n%s\n' "$1" "$2" "$3" "$4" >"$pid_file.new"
  mv -f "$pid_file.new" "$pid_file"
}

# Only one start at a time for a state directory; the lock of a start that died does not count.
take_start_lock() {
  local holder
  until (set -o noclobber; echo $$ >"$lock_file") 2>/dev/null; do
    holder=$(cat "$lock_file" 2>/dev/null || true)
    if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then rm -f "$lock_file"; else sleep 0.1; fi
  done
  locked=1
}
release_start_lock() {
  rm -f "$lock_file"
  locked=
}

stop_server() {
  local waited=0
  starting=
  if ! read_running; then
    rm -f "$pid_file"
    say 'Temporal is not running.'
    return 0
  fi
  kill -TERM "$pid" 2>/dev/null || true
  while read_running && [ $waited -lt 100 ]; do sleep 0.1; waited=$((waited + 1)); done
  if read_running; then
    say 'Temporal did not stop within 10 s; it is killed.'
    kill -KILL "$pid" 2>/dev/null || true
    sleep 0.2
  fi
  rm -f "$pid_file"
  say "Temporal stopped (process $pid, port $running_port)."
}

server_status() {
  if ! read_running; then
    say 'Temporal is not running.'
    return 3
  fi
  say "Temporal is running: process $pid, address 127.0.0.1:$running_port, Web UI http://127.0.0.1:$running_ui_port"
}
