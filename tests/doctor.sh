#!/bin/sh
# moonmill doctor as an operator runs it: silent when all is well, else a line for each thing with
# its remedy.
# usage: doctor.sh PATH-OF-MOONMILL, in the project's folder
set -u
LC_ALL=C.UTF-8
export LC_ALL
moonmill=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# check NAME STATUS WANTED VARIABLES... -- ARGUMENTS...: the exit status, and a text in the output;
# "" wants none at all.
check() {
    name=$1 status=$2 wanted=$3
    shift 3
    timeout 60 env -i PATH="$PATH" ${ASAN_OPTIONS:+ASAN_OPTIONS="$ASAN_OPTIONS"} "$@" >"$work/out" 2>&1 </dev/null
    got=$?
    if [ -n "$wanted" ]; then
        grep -qF -e "$wanted" "$work/out"
    else
        [ ! -s "$work/out" ]
    fi
    if [ $? -ne 0 ] || [ "$got" -ne "$status" ]; then
        echo "FAILED: $name: status $got, wanted $status with: $wanted"
        sed 's/^/    /' "$work/out"
        failed=1
    else
        echo "ok: $name"
    fi
}

doctor() {
    name=$1 status=$2 wanted=$3
    shift 3
    check "$name" "$status" "$wanted" API_URL=https://api.example.test "$@"
}

# Some kernels grant less than all; then that is the one thing to tell.
API_URL=https://api.example.test "$moonmill" doctor >"$work/first" 2>&1
if [ -s "$work/first" ]; then
    echo "this kernel: $(cat "$work/first")"
    all=1
else
    all=0
    doctor "all is well" 0 "" "$moonmill" doctor
fi
doctor "what was found" $all "sandbox: rlimits" "$moonmill" doctor -v
doctor "JSON" $all '"sandbox":"rlimits' "$moonmill" doctor --json
doctor "a setting" 1 'settings: EXECUTOR_TIMEOUT_SECS: "x" is no whole number' \
    EXECUTOR_TIMEOUT_SECS=x "$moonmill" doctor
doctor "a secret without hosts" 1 'set EXECUTOR_SECRET_K_HOSTS' \
    EXECUTOR_SECRET_K=12345678 "$moonmill" doctor
doctor "no flows" 1 'flows: flows folder "/nowhere"' EXECUTOR_FLOWS_DIR=/nowhere "$moonmill" doctor
doctor "a key that is none" 1 'keys: BACKEND_PUB is not' BACKEND_PUB=x "$moonmill" doctor
doctor "no certificates" 1 'certificates: /nowhere cannot be read' \
    SSL_CERT_FILE=/nowhere "$moonmill" doctor
doctor "a list that is none" 1 "network: EXECUTOR_HTTP_ALLOW: '10/99'" \
    EXECUTOR_HTTP_ALLOW=10/99 "$moonmill" doctor
check "no keys" 1 "set BACKEND_PUB, or API_URL" "$moonmill" doctor
check "problems as JSON" 1 '{"problems":[{"check":"keys","message":"no job' "$moonmill" doctor --json
check "an unknown option" 2 "'-x' is no option" "$moonmill" doctor -x
check "a name" 2 "it takes no names" "$moonmill" doctor flows
check "help" 0 "usage: moonmill doctor" "$moonmill" doctor --help
exit "$failed"
