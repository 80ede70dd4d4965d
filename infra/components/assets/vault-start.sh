#!/bin/sh
# Starts the vault and, from its second start on, opens it: the key lies on a volume of its own, which the provisioner
# filled right after initialising the vault. Keeps the audit log bounded. Needs nothing but a POSIX shell, wget and find.
set -u
request=/vault/unseal/request.json
api=http://127.0.0.1:8210/v1/sys
log=/vault/logs/audit.log
kept="3 2 1"

/bin/vault server -config=/vault/config/vault.hcl &
server=$!
trap 'kill -TERM "$server"' TERM INT

running() { kill -0 "$server" 2>/dev/null; }
sealed() { wget -q -O - "$api/seal-status" 2>/dev/null | grep -q '"sealed":true'; }
open() { wget -q -O /dev/null --header 'Content-Type: application/json' --post-file "$request" "$api/unseal" 2>/dev/null; }
answers() { wget -q -O /dev/null "$api/seal-status" 2>/dev/null; }

# Sizes are in blocks of 512 bytes: 16 MiB. The vault opens its log anew when it gets the signal.
rotate() {
  [ -n "$(find "$log" -size +32768 2>/dev/null)" ] || return 0
  for number in $kept; do
    [ "$number" = 1 ] || mv -f "$log.$((number - 1))" "$log.$number" 2>/dev/null
  done
  mv -f "$log" "$log.1" && kill -HUP "$server"
}
(trap - TERM INT; while running; do rotate; sleep 5; done) &

if [ -s "$request" ]; then
  while running && ! answers; do sleep 0.1; done
  while running && sealed; do open || sleep 0.1; done
fi

# The first wait ends early when a signal arrives; the second one waits for the server's own graceful end.
wait "$server"
code=$?
running && { wait "$server"; code=$?; }
exit "$code"
