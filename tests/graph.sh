#!/bin/sh
# moonmill graph as its users run it: pictures as they were looked at, many steps, wrong use.
# usage: graph.sh PATH-OF-MOONMILL [--update], in the project's folder; --update takes what is drawn
# now as right: look at it first.
. "$(dirname "$0")/shell.sh"
moonmill=$1
update=${2:-}
data=tests/data/graph

run() { timeout 120 "$moonmill" graph "$@"; }

# Every picture is XML that a reader takes; xmllint where it is installed, else by our own reading.
well_formed() {
    if command -v xmllint >/dev/null; then
        xmllint --noout "$@" || fail "not well-formed: $*"
    elif command -v lua5.4 >/dev/null; then
        lua5.4 tests/wellformed.lua "$@" || fail "not well-formed: $*"
    else
        echo "skipped: neither xmllint nor lua5.4 is there to read $*"
    fi
}

for flow in trip deep odd visa_check; do
    for ending in txt mmd dot svg; do
        picture=$work/$flow.$ending
        timeout 120 "$moonmill" graph --flows $data -o "$picture" $flow ||
            fail "$flow.$ending: status $?"
        [ -z "$update" ] || cp "$picture" "$data/$flow.$ending"
        if cmp "$picture" "$data/$flow.$ending"; then
            echo "ok: $flow.$ending"
        else
            fail "$flow.$ending is drawn otherwise: look at it, then graph.sh MOONMILL --update"
        fi
        if [ $ending = dot ] && command -v dot >/dev/null; then
            dot -Tsvg "$picture" -o /dev/null || fail "Graphviz does not take $flow.dot"
        fi
    done
    well_formed "$work/$flow.svg"
    grep -o ' id="[^"]*"' "$work/$flow.svg" | sort | uniq -d | grep . && fail "$flow.svg: an id twice"
done
check "a step's element has its path as its id" 0 ' id="who_decides/over_5000/ask_finance"' \
    --flows $data --format svg trip
check "so has a handler's" 0 ' id="book/flight/catch/other_airline"' --flows $data --format svg trip

# many N: a flow of N steps, among them choices, maps and handlers.
many() {
    awk -v n="$1" 'BEGIN {
        print "local function f() end\nreturn flow \"many\" {"
        for (i = 1; i <= n; i += 5) {
            printf "task \"t%d\" { about = \"step %d, which does what the plan says\", ", i, i
            printf "retry = 3, run = f, catch = on \"*\" { task \"h%d\" (f) } },\n", i
            printf "choice \"c%d\" { when(\"a\", f) { map \"m%d\" { over = f, ", i, i
            printf "task \"x%d\" (f) } }, otherwise {} },\n", i
        }
        print "}"
    }' >"$work/many.lua"
}

for count in 100 2000; do
    many $count
    for format in text mermaid dot; do
        check "$count steps as $format" 0 "x1" --format $format "$work/many.lua"
    done
    timeout 120 "$moonmill" graph -o "$work/many.svg" "$work/many.lua" || fail "$count steps as svg"
    well_formed "$work/many.svg"
    steps=$(grep -c '<title>\(task\|choice\|map\) ' "$work/many.svg")
    [ "$steps" -eq "$count" ] || fail "$steps of $count steps are in the picture"
done

printf 'return flow "x" {\n  task "a" { retyr = 3, run = print },\n}\n' >"$work/typo.lua"
check "a flow with an error" 1 'typo.lua:2.*: error: .*retyr.* \[option.unknown\]' "$work/typo.lua"
check "its hint" 1 'hint: .*retry' "$work/typo.lua"
printf 'return flow "x" {\n  task "a" (function( return end)\n}\n' >"$work/syntax.lua"
check "no Lua" 1 'syntax.lua:2.*\[syntax\]' "$work/syntax.lua"
printf 'return flow "x" {\n  call "c" { flow = "nowhere" },\n}\n' >"$work/call.lua"
check "a call of nothing" 1 'call.lua:2.*\[call.unknown\]' "$work/call.lua"
printf 'while true do end\n' >"$work/endless.lua"
check "a flow that never ends" 1 'endless.lua.*: error: .*\[timeout\]' "$work/endless.lua"
printf 'return flow "x" { task "a" (function() error("it ran") end) }\n' >"$work/runs.lua"
check "no step is run" 0 'task a' "$work/runs.lua"
head -c 1100000 /dev/zero | tr '\0' ' ' >"$work/large.lua"
check "a file that is too large" 3 'large.lua' "$work/large.lua"
check "no such file" 3 'nowhere.lua' ./nowhere.lua
check "no such flow" 3 'nowhere' --flows $data nowhere
check "a flow outside of the folder" 3 'graph' --flows $data ..
check "json: steps, and what the flow takes" 0 \
    '"required":\["items","prices_url"\].*"path":"prices"' --flows flows --format json order
check "json: the picture" 0 '"svg":"<svg ' --flows flows --format json order
check "json: optional fields are not required" 0 '"required":\[\],"type":"object"},"name":"hello"' \
    --flows flows --format json hello
check "no flow" 2 'which FLOW' --format svg
check "two flows" 2 'one too many' a b
check "unknown format" 2 'must be text|svg|mermaid|dot|json' --format png trip
check "unknown option" 2 'bogus' --bogus trip
check "no such folder" 2 'no such folder' --flows /nowhere trip
check "help" 0 'usage: moonmill graph' --help
check "a place that cannot be written" 4 'nowhere/x.svg' --flows $data -o /nowhere/x.svg trip

timeout 120 "$moonmill" graph --flows $data trip | grep -q "$(printf '\033')" &&
    fail "colours where there is no terminal"
if command -v script >/dev/null; then
    script -qec "$moonmill graph --flows $data trip" /dev/null </dev/null >"$work/colour"
    grep -q "$(printf '\033')\[34mtask" "$work/colour" || fail "no colours on a terminal"
    NO_COLOR=1 script -qec "$moonmill graph --flows $data trip" /dev/null </dev/null >"$work/plain"
    grep -q "$(printf '\033')" "$work/plain" && fail "colours in spite of NO_COLOR"
fi
exit "$failed"
