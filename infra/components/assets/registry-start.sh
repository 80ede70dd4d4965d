#!/bin/sh
# Runs two registries over the same volume: one that takes pushes and one that only serves pulls, each with the users
# that it lets in. When one ends, the container ends, and its restart policy starts both again.
#
# A request for garbage collection is a file and a HUP. It is met when nobody can push: what is not named by a manifest
# then belongs to no push that is under way. Pulls go on. Needs nothing but a POSIX shell and busybox's tools.
set -u
config=/etc/distribution
work=/var/lib/registry/garbage-collection
readonly= readwrite= interim= collection= stopping=

# A shell's child starts with the traps of the shell, and loses a signal until it has dropped them.
become() {
  : >"/tmp/$1.listens"
  shift
  exec "$@"
}

# One registry. Asked to end, it finishes the requests under way; one that ends unasked takes the container along.
serve() {
  server= asked=
  trap 'asked=yes; [ -z "$server" ] || kill -TERM "$server" 2>/dev/null' TERM
  become "$1" /bin/registry serve "$config/$1" &
  server=$!
  [ -z "$asked" ] || kill -TERM "$server"
  ended "$server"
  [ -n "$asked" ] || kill -TERM $$
}

begin() {
  rm -f "/tmp/$1.listens"
  serve "$1" &
  begun=$!
}

# Ends what has been started under this name; until it listens, a signal is lost.
end() {
  [ -n "$2" ] || return 0
  while [ ! -e "/tmp/$1.listens" ] && kill -0 "$2" 2>/dev/null; do sleep 0.05; done
  kill -TERM "$2" 2>/dev/null
}

# A signal ends the wait, not what is waited for.
ended() {
  wait "$1"
  code=$?
  while kill -0 "$1" 2>/dev/null; do
    wait "$1"
    code=$?
  done
  return "$code"
}

stop() {
  stopping=yes
  end collection "$collection"
  end readonly.yml "$readonly"
  end readwrite.yml "$readwrite"
  end collecting.yml "$interim"
}

report() {
  echo "$1" >"$work/report.new" && mv -f "$work/report.new" "$work/report"
  rm -f "$work/begun"
}

# Pushes are refused, and can be repeated. A collection that was killed is not begun again: that would be every time.
collect() {
  mv -f "$work/request" "$work/begun"
  read -r id options <"$work/begun"
  begin collecting.yml
  interim=$begun
  rm -f /tmp/collection.listens
  # shellcheck disable=SC2086 # several options
  become collection /bin/sh "$config/collect.sh" $options >"$work/output" 2>&1 &
  collection=$!
  [ -z "$stopping" ] || stop
  ended "$collection"
  collected=$?
  collection=
  [ -z "$stopping" ] || return
  end collecting.yml "$interim"
  ended "$interim"
  interim=
  # What goes wrong is told with the last lines; they may end without a newline.
  if [ "$collected" -eq 0 ]; then outcome="done $(busybox tail -n 1 "$work/output")"
  else outcome="failed $(busybox tail -n 5 "$work/output")"; fi
  report "$id $outcome"
}

trap stop TERM INT
trap 'end readwrite.yml "$readwrite"' HUP

# The token is in no configuration of the container, which everybody sees who may use the engine.
if [ -s "$config/telemetry-token" ]; then
  OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20$(cat "$config/telemetry-token")"
  export OTEL_EXPORTER_OTLP_HEADERS
fi

mkdir -p "$work"
if [ -e "$work/begun" ]; then
  read -r id options <"$work/begun"
  report "$id interrupted"
  # What a collection holds as long as it runs.
  rm -rf /var/lib/registry/docker/registry/v2/repositories/0--garbage-collection
fi
begin readonly.yml
readonly=$begun
[ -z "$stopping" ] || stop
while [ -z "$stopping" ]; do
  [ ! -e "$work/request" ] || collect
  [ -z "$stopping" ] || break
  begin readwrite.yml
  readwrite=$begun
  [ -z "$stopping" ] || stop
  ended "$readwrite"
  readwrite=
done
[ -z "$interim" ] || ended "$interim"
ended "$readonly"
