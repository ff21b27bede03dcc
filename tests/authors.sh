#!/bin/sh
# Flows as their authors write them, tests/data/authors: checked, tested, drawn and replayed. Ten of
# various trades, and the three of the language's description.
# usage: authors.sh PATH-OF-MOONMILL, in the project's folder
. "$(dirname "$0")/shell.sh"
moonmill=$1
folder=tests/data/authors

"$moonmill" check "$folder/flows" || fail "check"
"$moonmill" test "$folder/flows" || fail "test"
for flow in "$folder"/flows/*.lua; do
    name=$(basename "$flow" .lua)
    case $name in *_spec) continue ;; esac
    [ -f "$folder/flows/${name}_spec.lua" ] || fail "$name has no spec"
    "$moonmill" graph -o "$work/$name.svg" "$flow" || fail "graph of $name"
    grep -q '^<svg' "$work/$name.svg" || fail "the picture of $name"
done
timeout 200 "$moonmill" replay --flows "$folder/flows" --answers "$folder/answers.json" --timeout 120 \
    "$folder/jobs.json" >"$work/replay" 2>&1 || { fail "replay"; tail -n 40 "$work/replay"; }
tail -n 20 "$work/replay"
grep -c ' completed  done ' "$work/replay" | grep -qx 13 || fail "not all thirteen completed"
exit "$failed"
