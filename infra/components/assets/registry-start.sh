#!/bin/sh
# Runs two registries over the same volume: one that takes pushes and one that only serves pulls, each with the users
# that it lets in. When one ends, the container ends, and its restart policy starts both again.
# Needs nothing but a POSIX shell.
set -u
config=/etc/distribution
readwrite= readonly= stopping=

# The token is in no configuration of the container, which everybody sees who may use the engine.
if [ -s "$config/telemetry-token" ]; then
  OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20$(cat "$config/telemetry-token")"
  export OTEL_EXPORTER_OTLP_HEADERS
fi

# One registry. Asked to end, it answers what it has begun to answer; one that ends unasked takes the container along.
serve() {
  server= asked=
  trap 'asked=yes; [ -z "$server" ] || kill -TERM "$server" 2>/dev/null' TERM
  /bin/registry serve "$config/$1" &
  server=$!
  [ -z "$asked" ] || kill -TERM "$server"
  wait "$server"
  # A signal ends the wait, not the registry.
  while kill -0 "$server" 2>/dev/null; do wait "$server"; done
  [ -n "$asked" ] || kill -TERM $$
}

stop() {
  stopping=yes
  for one in "$readwrite" "$readonly"; do [ -z "$one" ] || kill -TERM "$one" 2>/dev/null; done
}

ended() { while kill -0 "$1" 2>/dev/null; do wait "$1"; done; }

trap stop TERM INT
serve readonly.yml &
readonly=$!
serve readwrite.yml &
readwrite=$!
[ -z "$stopping" ] || stop
ended "$readwrite"
ended "$readonly"
