#!/usr/bin/env bash
# One workspace for one pull request: create it, run a command against it, remove it.
#
#     examples/pull_request.sh NUMBER COMMAND [ARGUMENT...]
#
# The command runs in the environment of `make env`, with STACK set. The workspace is removed when the command has
# ended, failed or been cancelled; should the machine itself go down, `mlw expire --yes` removes it after 12 hours.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

number=${1:?usage: examples/pull_request.sh NUMBER COMMAND [ARGUMENT...]}
shift
export STACK="pr-$number"
file="stacks/Pulumi.$STACK.yaml"

remove() {
    make down
    rm -f "$file"
}
trap remove EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The settings under review, with a workload of its own: every name follows from it.
sed "s/^\( *ml-workspace:workload:\).*/\1 pr$number/" stacks/Pulumi.ci.yaml >"$file"
echo "  ml-workspace:expiresAfter: 12h" >>"$file"

make up
eval "$(make -s env)"
"$@"
