#!/bin/sh
# Guard in front of the Pulumi CLI: `pulumi` on the PATH of `make env`; the CLI itself is `pulumi-cli` next to it.
#
# After a crash a plain `pulumi up` has to recover by itself, and the CLI cannot: it never clears the lock of a killed
# run. So before a command that works on a stack of this project the guard looks for traces of a crash (a stale lock, an
# empty or truncated state file, unfinished operations, a failed last run) and runs `mlw.lifecycle recover`. Without
# traces, in any other project and for any other command it takes a few milliseconds and starts the CLI.
# MLW_GUARD=off switches it off.

cli="${0%/*}/pulumi-cli"
unquote='import sys, urllib.parse; print(urllib.parse.unquote(sys.argv[1]))'

# The command, and the folder and the stack that its options name, by the CLI's own rules: of an option that is given
# twice the last one counts, and a letter may stand in one word with its value, or behind the letters of switches.
understand() {
    while [ $# -gt 0 ]; do
        word="$1"
        case "$word" in
            --) return ;;
            --stack | --cwd) word="$word=${2:-}"; [ $# -eq 1 ] || shift ;;
            -[!-]*)
                letters="${word#-}"
                while :; do case "$letters" in [defjry]?*) letters="${letters#?}" ;; *) break ;; esac; done
                value="${letters#?}"
                case "$letters" in s | C) value="${2:-}"; [ $# -eq 1 ] || shift ;; esac
                case "$letters" in
                    s*) word="--stack=${value#=}" ;;
                    C*) word="--cwd=${value#=}" ;;
                esac
                ;;
        esac
        case "$word" in
            --stack=*) stack="${word#--stack=}" ;;
            --cwd=*) start="${word#--cwd=}" ;;
            -h | --help | --preview-only) shows=yes ;;
            --continue-on-error | --run-program) word="$word=true" ;;
        esac
        case "$word" in
            --continue-on-error=*) continues="${word#*=}" ;;
            --run-program=*) runs="${word#*=}" ;;
            -*) ;;
            up | update | destroy | down | dn | refresh | import | preview | pre) verb="${verb:-$word}" ;;
            stack) verb="${verb:-stack}" ;;
            rm | remove) [ "$verb" != stack ] || verb=remove ;;
            config | state | plugin | policy | version | help | about | login | logout | whoami | cancel)
                verb="${verb:-other}" ;;
        esac
        shift
    done
}

# The project as the CLI finds it, from a folder upwards; empty if it is another project.
find_project() {
    project="$1"
    until [ -f "$project/Pulumi.yaml" ] || [ -f "$project/Pulumi.yml" ] || [ -f "$project/Pulumi.json" ]; do
        [ -n "$project" ] || return 0
        project="${project%/*}"
    done
    while IFS= read -r line; do
        [ "$line" != "name: ml-workspace" ] || [ ! -f "$project/mlw/lifecycle/recovery.py" ] || return 0
    done <"$project/Pulumi.yaml"
    project=""
} 2>/dev/null

is_true() { case "$1" in 1 | [tT] | [tT][rR][uU][eE]) ;; *) return 1 ;; esac; }

# With both options the CLI deletes resources although the deletion of one that depends on them has failed, if the
# program no longer has that one: a management lock that was only taken out of the stack file would not hold.
refuse_to_run_past_failures() {
    is_true "$continues" && is_true "$runs" || return 0
    echo "pulumi $verb: --continue-on-error with --run-program: Pulumi would go past a management lock that is no" \
        "longer in the stack file. Nothing was changed. Leave out one of the options (they can also come from" \
        "PULUMI_CONTINUE_ON_ERROR and PULUMI_RUN_PROGRAM)." >&2
    exit 1
}

has_traces() {
    # Of two states of a stack that is being moved, only one is valid.
    for note in "${MLW_HOME:-/nowhere}"/moves/*.json; do [ -e "$note" ] && return 0; done
    state="$folder/stacks/ml-workspace/$1.json"
    if [ ! -s "$state" ]; then
        # No state: the first `up` of a stack file, or a lost state. Irrelevant for a destroy.
        [ -e "$state" ] && return 0
        case "$verb" in destroy | down | dn) return 1 ;; esac
        [ -f "$project/stacks/Pulumi.$1.yaml" ]
        return
    fi
    # `.attrs` files and the layout of the folder are written in place: a kill leaves them empty.
    for beside in "$state.attrs" "$folder/meta.yaml" "$folder/meta.yaml.attrs"; do
        [ -e "$beside" ] && [ ! -s "$beside" ] && return 0
    done
    case "$(tail -c 1 "$state")" in "}") ;; *) return 0 ;; esac
    # A preview takes no lock and changes nothing.
    case "$verb" in preview | pre) return 1 ;; esac
    # Created before stacks had an identity: only `make up` and `make down` work on it, and recovery says so.
    if grep -qE '"(pulumi-python:dynamic|ml-workspace\.backend")' "$state"; then
        grep -q '"pulumi-python:dynamic' "$state" && return 0
        grep -q ':StackIdentity"' "$state" || return 0
    fi
    for lock in "$folder/locks/organization/ml-workspace/$1"/*.json; do
        [ -e "$lock" ] && return 0
    done
    grep -q '"pending_operations"' "$state" && return 0
    # A run whose plugin died ends by itself; objects that the plugin was creating may exist.
    for last in "$folder/history/ml-workspace/$1"/*.history.json; do :; done
    [ -e "$last" ] && grep -q '"result": *"failed"' "$last"
}

# The backend's address as infra/host/state_backend.py names it.
without_setting() {
    address="${1%%&request_checksum_calculation=*}"
    while [ "$address" != "${address%/}" ]; do address="${address%/}"; done
    printf '%s' "$address"
}

# Who starts an update, for the activity log (mlw/activity/run_notes.py); the CLI records the run's id with its result.
# Only builtins of the shell: this costs each run less than a millisecond.
note_run() {
    notes="${MLW_HOME:-}/activity/runs"
    [ -n "${MLW_HOME:-}" ] && read -r run </proc/sys/kernel/random/uuid && read -r host </proc/sys/kernel/hostname || return
    case "$stack" in *[!A-Za-z0-9._-]*) return ;; esac
    case "${MLW_CORRELATION_ID:-}" in *[!A-Za-z0-9._-]*) correlation="" ;; *) correlation="${MLW_CORRELATION_ID:-}" ;; esac
    [ -d "$notes" ] || (umask 077 && mkdir -p "$notes") || return
    (umask 077 && printf '{"stack": "%s", "verb": "%s", "backend": "%s", "pid": %s, "correlationId": "%s"}\n' \
        "$stack" "$verb" "$backend" "$$" "$correlation" >"$notes/$run.json") || return
    export PULUMI_OPTION_EXEC_AGENT="mlw/$run/${USER:-user}@$host"
} 2>/dev/null

# The engine hands the configuration to programs in one environment variable of at most 128 KiB. As JSON in JSON a
# character takes up to seven bytes, an alias as many as its anchor: only files without either certainly fit.
may_be_too_large() {
    file="$project/stacks/Pulumi.$1.yaml"
    [ -f "$file" ] && { [ "$(wc -c < "$file")" -gt 18000 ] || grep -q '&' "$file"; }
}

continues="${PULUMI_OPTION_CONTINUE_ON_ERROR:-${PULUMI_CONTINUE_ON_ERROR:-}}"
runs="${PULUMI_OPTION_RUN_PROGRAM:-${PULUMI_RUN_PROGRAM:-}}"
verb="" shows="" project="" start="${PULUMI_OPTION_CWD:-}" stack="${PULUMI_OPTION_STACK:-}"
if [ "${MLW_GUARD:-on}" != off ]; then
    understand "$@"
    case "$verb" in
        "" | other | stack) ;;
        *) start=$(cd "${start:-.}" 2>/dev/null && pwd -P) && find_project "$start" ;;
    esac
fi
if [ -n "$project" ] && [ "$verb" = remove ]; then
    # With a stack goes its history, which is all that says what plain Pulumi has done.
    (cd "$project" && exec python -m mlw.lifecycle record) >&2
    project=""
fi
if [ -n "$project" ]; then
    case "$verb" in destroy | down | dn) [ -n "$shows" ] || refuse_to_run_past_failures ;; esac
    backend=""
    stack="${stack:-${PULUMI_STACK:-}}"
    [ -n "$stack" ] || stack=$(cd "$start" && "$cli" stack --show-name 2>/dev/null)
    stack="${stack##*/}"
    if [ -n "$stack" ] && may_be_too_large "$stack"; then
        (cd "$project" && python -m mlw.lifecycle check-size --stack "$stack") >&2 || exit 1
    fi
    case "${PULUMI_BACKEND_URL:-}" in
        file://*)
            # The same as infra/host/state_backend.py.
            folder="${PULUMI_BACKEND_URL#file://}"
            folder="${folder%%[?#]*}/.pulumi"
            case "$folder" in *%*) folder=$(python -c "$unquote" "$folder") ;; esac
            case "$folder" in
                "~"*) folder="$HOME${folder#"~"}" ;;
                [!/]*) folder="$start/$folder" ;;
            esac
            if [ -n "$stack" ] && [ "$verb" != preview ] && [ "$verb" != pre ]; then
                # Marks the plugins of this run, so that they can be found if it is killed.
                backend=$({ cd "${folder%/.pulumi}" && pwd -P; } 2>/dev/null | sha256sum | cut -c 1-12)
                export MLW_RUN="$backend/$stack"
            fi
            if [ -n "$stack" ] && has_traces "$stack"; then
                (cd "$start" && exec python -m mlw.lifecycle recover --stack "$stack") >&2 || exit 1
            fi
            ;;
        ?*) backend=$(printf '%s\n' "$(without_setting "$PULUMI_BACKEND_URL")" | sha256sum | cut -c 1-12) ;;
    esac
    case "$verb" in preview | pre) ;; *) [ -z "$stack" ] || [ -z "$backend" ] || [ -n "$shows" ] || note_run ;; esac
fi
# Also for an address that was set after `make env`; as infra/host/state_backend.py.
case "${PULUMI_BACKEND_URL:-}" in
    s3://*request_checksum_calculation=*) ;;
    s3://*endpoint=*) export PULUMI_BACKEND_URL="$PULUMI_BACKEND_URL&request_checksum_calculation=when_supported" ;;
esac
# Loopback and the engine never go through a proxy, also one that was set after `make env`; as infra/host/proxies.py.
without_proxy() {
    direct="$1"
    for host in localhost 127.0.0.1 ::1 "$engine"; do
        case ",$direct," in *",$host,"*) ;; *) direct="${direct:+$direct,}$host" ;; esac
    done
}

proxies="${http_proxy:-}${https_proxy:-}${all_proxy:-}${grpc_proxy:-}${HTTP_PROXY:-}${HTTPS_PROXY:-}${ALL_PROXY:-}"
if [ -n "$proxies" ]; then
    engine=localhost
    case "${DOCKER_HOST:-}" in
        tcp://*) engine="${DOCKER_HOST#tcp://}"; engine="${engine%%/*}"; engine="${engine%:*}"; engine="${engine##*@}" ;;
    esac
    given="${no_proxy:-}"
    [ -z "${NO_PROXY:-}" ] || given="${given:+$given,}$NO_PROXY"
    without_proxy "$given"
    case ",$given," in
        *,\*,*) export no_proxy="*" NO_PROXY="*"; without_proxy "${no_grpc_proxy:-}"; export no_grpc_proxy="$direct" ;;
        *)
            export no_proxy="$direct" NO_PROXY="$direct"
            if [ -n "${no_grpc_proxy:-}" ]; then without_proxy "$no_grpc_proxy"; export no_grpc_proxy="$direct"; fi
            ;;
    esac
fi
# As `make up` does: Pulumi's short-lived programs need less time when their heaps may grow.
export GOGC="${GOGC:-400}"
exec "$cli" "$@"
