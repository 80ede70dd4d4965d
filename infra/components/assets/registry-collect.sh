#!/bin/sh
# Deletes from the volume what no manifest names, and prints "<blobs> <bytes>": how much that was.
# Usage: collect.sh [--dry-run] [--delete-untagged]. Without --dry-run only while nobody can push.
set -eu
config=/etc/distribution/readwrite.yml
store=/var/lib/registry/docker/registry/v2
plan=/tmp/collect.$$
dry= untagged=
for option; do
  case $option in
    --dry-run) dry=yes ;;
    --delete-untagged) untagged=$option ;;
    *) echo "no such option: $option" >&2; exit 2 ;;
  esac
done

# Nothing has been pushed yet, which the registry's own command takes for an error.
[ -d "$store/repositories" ] || { echo "0 0"; exit 0; }

files() {
  while read -r line; do
    case $line in "blob eligible for deletion: "*) ;; *) continue ;; esac
    digest=${line##*: }
    hash=${digest#*:}
    echo "$store/blobs/${digest%%:*}/${hash%"${hash#??}"}/$hash/data"
  done <"$plan"
}

trap 'rm -f "$plan"' EXIT
/bin/registry garbage-collect --dry-run $untagged "$config" >"$plan"
freed=$(files | busybox xargs -r stat -c %s | {
  blobs=0 bytes=0
  while read -r size; do blobs=$((blobs + 1)) bytes=$((bytes + size)); done
  echo "$blobs $bytes"
})
[ -n "$dry" ] || /bin/registry garbage-collect --quiet $untagged "$config" >/dev/null
echo "$freed"
