#!/bin/sh
# moonmill doctor as an operator runs it: silent when all is well, else a line for each thing with
# its remedy.
# usage: doctor.sh PATH-OF-MOONMILL, in the project's folder
. "$(dirname "$0")/shell.sh"
moonmill=$(realpath "$1")
api=
trap '[ -n "$api" ] && kill "$api"; rm -rf "$work"' EXIT

# run VARIABLE=VALUE... COMMAND: with nothing else in its environment.
run() { timeout 60 env -i PATH="$PATH" ${ASAN_OPTIONS:+ASAN_OPTIONS="$ASAN_OPTIONS"} "$@"; }

# An API that has a key set, on a port of its own, which it writes down.
mkdir -p "$work/api/execution/.well-known"
cp tests/data/jwks.json "$work/api/execution/.well-known/jwks.json"
cat >"$work/api.py" <<'PYTHON'
import functools, http.server, sys
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
with open(sys.argv[2], "w") as file:
    print(server.server_port, file=file)
server.serve_forever()
PYTHON
python3 "$work/api.py" "$work/api" "$work/port" 2>"$work/api.log" &
api=$!
tries=0
while [ ! -s "$work/port" ] && [ "$tries" -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
url=http://127.0.0.1:$(cat "$work/port")

# doctor NAME STATUS PATTERN [VARIABLE=VALUE...] COMMAND: check, with an API that answers.
doctor() {
    name=$1 status=$2 pattern=$3
    shift 3
    check "$name" "$status" "$pattern" API_URL="$url" "$@"
}

# Some kernels grant less than all; then that is the one thing to tell.
API_URL="$url" "$moonmill" doctor >"$work/first" 2>&1
if [ -s "$work/first" ]; then
    echo "this kernel: $(cat "$work/first")"
    all=1
else
    all=0
    run API_URL="$url" "$moonmill" doctor >"$work/out" 2>&1 || fail "all is well: status $?"
    [ ! -s "$work/out" ] || fail "all is well: $(cat "$work/out")"
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
grep -q 'GET /execution/.well-known/jwks.json' "$work/api.log" || fail "the key set was not fetched"
doctor "a CA bundle that is none" 1 'certificates: README.md holds no certificate' \
    SSL_CERT_FILE=README.md "$moonmill" doctor
doctor "what cannot be seen from inside" $all 'aws lambda get-function-configuration --function-name f ' \
    AWS_LAMBDA_FUNCTION_NAME=f "$moonmill" doctor -v
check "an API that has no key set" 1 'keys: key set' API_URL="$url/nowhere" "$moonmill" doctor
check "nobody answers" 1 'callback: API_URL: http://127.0.0.1:1: ' API_URL=http://127.0.0.1:1 "$moonmill" doctor
check "a server without TLS" 1 'callback: API_URL: https://127.0.0.1:' API_URL="https${url#http}" \
    "$moonmill" doctor
check "no such name" 1 'check the name' API_URL=https://api.example.invalid "$moonmill" doctor
check "no URL" 1 'callback: CALLBACK_BASE_URL: is no http or https URL' \
    CALLBACK_BASE_URL=ftp://h "$moonmill" doctor
check "another callback base" 1 'callback: CALLBACK_BASE_URL: http://127.0.0.1:1: ' \
    API_URL="$url" CALLBACK_BASE_URL=http://127.0.0.1:1 "$moonmill" doctor
check "a password in a URL" 1 'callback: API_URL: http://127.0.0.1:1: ' \
    API_URL=http://user:hunter22@127.0.0.1:1 "$moonmill" doctor -v
grep -q hunter22 "$work/out" "$work/err" && fail "the password is shown"
printf 'API_URL=%s # where it is\nEXECUTOR_TIMEOUT_SECS="x"\n' "$url" >"$work/env"
check "an environment from a file" 1 'settings: EXECUTOR_TIMEOUT_SECS' "$moonmill" doctor --env-file "$work/env"
check "what is set stays" $all 'rlimits' EXECUTOR_TIMEOUT_SECS=60 "$moonmill" doctor -v --env-file "$work/env"
check "no keys" 1 "set BACKEND_PUB, or API_URL" "$moonmill" doctor
check "problems as JSON" 1 '{"problems":\[{"check":"keys","message":"no job' "$moonmill" doctor --json
check "an unknown option" 2 "'-x' is no option" "$moonmill" doctor -x
check "a name" 2 "it takes no names" "$moonmill" doctor flows
check "help" 0 "usage: moonmill doctor" "$moonmill" doctor --help
exit "$failed"
