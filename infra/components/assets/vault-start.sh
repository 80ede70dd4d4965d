#!/bin/sh
# Starts the vault and, from its second start on, opens it: the key lies on a volume of its own, which the provisioner
# filled right after initialising the vault. Needs nothing but a POSIX shell and wget.
set -u
request=/vault/unseal/request.json
api=http://127.0.0.1:8200/v1/sys

/bin/vault server -config=/vault/config/vault.hcl &
server=$!
trap 'kill -TERM "$server"' TERM INT

running() { kill -0 "$server" 2>/dev/null; }
sealed() { wget -q -O - "$api/seal-status" 2>/dev/null | grep -q '"sealed":true'; }
open() { wget -q -O /dev/null --header 'Content-Type: application/json' --post-file "$request" "$api/unseal" 2>/dev/null; }
answers() { wget -q -O /dev/null "$api/seal-status" 2>/dev/null; }

if [ -s "$request" ]; then
  while running && ! answers; do sleep 0.1; done
  while running && sealed; do open || sleep 0.1; done
fi

# The first wait ends early when a signal arrives; the second one waits for the server's own graceful end.
wait "$server"
code=$?
running && { wait "$server"; code=$?; }
exit "$code"
