# shellcheck shell=sh disable=SC2034
# What the tests in sh share; each reads it first, says what run runs, and ends with: exit "$failed"
# $work is a folder of the test's own.
set -u
LC_ALL=C.UTF-8 # patterns meet letters, whatever the caller has set
export LC_ALL
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

fail() {
    echo "FAILED: $*"
    failed=1
}

# check NAME STATUS PATTERN ARGUMENT...: run's exit status, and a pattern in stdout and stderr.
check() {
    name=$1 status=$2 pattern=$3
    shift 3
    run "$@" >"$work/out" 2>"$work/err" </dev/null
    got=$?
    if [ "$got" -eq "$status" ] && cat "$work/out" "$work/err" | grep -q -e "$pattern"; then
        echo "ok: $name"
    else
        fail "$name: status $got, wanted $status; pattern: $pattern"
        sed 's/^/    /' "$work/out" "$work/err" | tail -n 60
    fi
}
