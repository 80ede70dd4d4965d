#!/bin/sh
# Starts the vault, initialises it if it is a new one, and opens it: the key lies on a volume of its own, and nowhere else
# until the provisioner has fetched it. Limits the size of the audit log. Needs nothing but a POSIX shell and busybox's tools.
set -u
umask 077
request=/vault/unseal/request.json
note=/vault/unseal/begun
data=/vault/file
log=/vault/logs/audit.log
api=http://127.0.0.1:8210/v1/sys

put() { dd of="$1.new" conv=fsync status=none && mv -f "$1.new" "$1"; }
noted() { [ "$(cat "$note" 2>/dev/null)" = "$1" ]; }
running() { kill -0 "$server" 2>/dev/null; }
status() { wget -q -O - "$api/seal-status" 2>/dev/null; }
says() { status | grep -q "$1"; }
post() { wget -q -O - --header 'Content-Type: application/json' "$@" 2>/dev/null; }
open() { post --post-file "$request" "$api/unseal" >/dev/null; }

# The key is handed out once. The note tells a vault whose key was never stored, and which so was never open, from one
# whose key was lost later: the first may be emptied and begun again, the second is left alone. It is begun only where
# there is no data, and ended before a vault is unsealed, also if a kill came between the key and the end of the note.
prepare() {
  if [ -s "$request" ]; then
    ! noted begun || printf ended | put "$note"
  elif noted begun; then
    rm -rf "$data"/* "$data"/.[!.]*
  elif [ ! -e "$note" ] && [ -z "$(ls -A "$data")" ]; then
    printf begun | put "$note"
  fi
}

initialise() {
  answer=$(post --post-data '{"secret_shares": 1, "secret_threshold": 1}' "$api/init") || return
  key=${answer#*'"keys_base64":["'}
  printf '{"key": "%s"}' "${key%%'"'*}" | put "$request" && printf ended | put "$note"
}

# Sizes are in blocks of 512 bytes: 16 MiB. The vault opens its log anew when it gets the signal.
rotate() {
  [ -n "$(find "$log" -size +32768 2>/dev/null)" ] || return 0
  mv -f "$log.2" "$log.3" 2>/dev/null
  mv -f "$log.1" "$log.2" 2>/dev/null
  mv -f "$log" "$log.1" && kill -HUP "$server"
}

# The first process of a container overhears signals that it has no trap for.
trap 'exit 143' TERM INT
prepare || exit
/bin/vault server -config=/vault/config/vault.hcl &
server=$!
trap 'kill -TERM "$server"' TERM INT
(trap - TERM INT; while running; do rotate; sleep 5; done) &

while running && [ -z "$(status)" ]; do sleep 0.05; done
if [ ! -s "$request" ] && noted begun && says '"initialized":false'; then
  initialise || kill -TERM "$server"
fi
if [ -s "$request" ]; then
  while running && says '"sealed":true'; do open || sleep 0.1; done
fi

# The first wait ends early when a signal arrives; the second one waits for the server's own graceful end.
wait "$server"
code=$?
running && { wait "$server"; code=$?; }
exit "$code"
