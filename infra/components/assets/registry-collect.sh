#!/bin/sh
# Deletes from the volume what no manifest names, and prints "<blobs> <bytes>": how much that was.
# Usage: collect.sh [--dry-run] [--delete-untagged]. Without --dry-run only while nobody can push.
#
# The registry keeps a blob that was pushed under a sha512 digest as a sha256 blob with an alias: a link from the one
# digest to the other. Its own collection knows no aliases: it deletes the content of an image that names a blob by its
# sha512 digest, and fails at a blob that it finds twice in a repository. So aliases that no manifest names are deleted
# first; for the others an index of our own names the content as long as the collection runs.
set -eu
config=/etc/distribution/readwrite.yml
store=/var/lib/registry/docker/registry/v2
# The name sorts before those of other repositories: what an earlier repository names is marked for all later ones.
holder=$store/repositories/0--garbage-collection
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

files() { busybox sed "s|^sha256:\(..\)\(.*\)|$store/blobs/sha256/\1/\1\2/data|"; }

# "<link> <other digest> <sha256 digest>"
aliases() {
  busybox find "$store/repositories" -path '*/_layers/*/link' ! -path '*/_layers/sha256/*' | while read -r link; do
    folder=${link%/link}
    algorithm=${folder%/*}
    echo "$link ${algorithm##*/}:${folder##*/} $(cat "$link")"
  done
}

# Digests other than sha256 in all manifests.
named() {
  busybox find "$store/repositories" -path '*/_manifests/revisions/*/link' -exec cat {} + |
    busybox grep -oE 'sha256:[0-9a-f]{64}' | busybox sort -u | files |
    busybox xargs -r busybox grep -ohE 'sha(384|512):[0-9a-f]{96,128}' || :
}

hold() {
  busybox sed 's/.*/{"mediaType":"application\/octet-stream","size":0,"digest":"&"}/' "$plan.held" |
    busybox paste -sd, |
    busybox sed 's/.*/{"schemaVersion":2,"mediaType":"application\/vnd.oci.image.index.v1+json","manifests":[&]}/' \
      >"$plan.index"
  index=$(busybox sha256sum "$plan.index")
  index=sha256:${index%% *}
  held=$(echo "$index" | files)
  # With a tag, since a collection may count what has none as garbage.
  tag=$holder/_manifests/tags/held
  mkdir -p "${held%/data}" "$holder/_layers" "$holder/_manifests/revisions/sha256/${index#*:}" \
    "$tag/current" "$tag/index/sha256/${index#*:}"
  cat "$plan.index" >"$held"
  for link in "$holder/_manifests/revisions/sha256/${index#*:}" "$tag/current" "$tag/index/sha256/${index#*:}"; do
    printf %s "$index" >"$link/link"
  done
}

release() {
  rm -rf "$holder"
  [ -z "${held:-}" ] || rm -rf "${held%/data}"
}

trap 'rm -f "$plan" "$plan".*; [ -n "$dry" ] || release' EXIT
[ -n "$dry" ] || release
aliases >"$plan.aliases"
: >"$plan.named"
[ ! -s "$plan.aliases" ] || named >"$plan.named"
while read -r link digest content; do
  if busybox grep -qxF "$digest" "$plan.named"; then
    echo "$content"
  elif [ -z "$dry" ]; then
    rm -rf "${link%/link}"
  fi
done <"$plan.aliases" | busybox sort -u >"$plan.held"

/bin/registry garbage-collect --dry-run $untagged "$config" >"$plan"
freed=$({ busybox sed -n 's/^blob eligible for deletion: //p' "$plan"; cat "$plan.held" "$plan.held"; } |
  busybox sort | busybox uniq -u | files | busybox xargs -r stat -c %s | {
  blobs=0 bytes=0
  while read -r size; do blobs=$((blobs + 1)) bytes=$((bytes + size)); done
  echo "$blobs $bytes"
})
if [ -z "$dry" ]; then
  [ ! -s "$plan.held" ] || hold
  /bin/registry garbage-collect --quiet $untagged "$config" >/dev/null
fi
echo "$freed"
