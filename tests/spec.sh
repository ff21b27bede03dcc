#!/bin/sh
# moonmill test as its users run it: exit codes, output, TAP, JUnit, filters, tests that hang.
# usage: spec.sh PATH-OF-MOONMILL, in the project's folder
. "$(dirname "$0")/shell.sh"
moonmill=$1
specs=tests/data/specs

run() { timeout 120 "$moonmill" test "$@"; }

# same NAME FILE: standard output of the last check, its times left out, is the file.
same() {
    sed -E 's/ \([0-9]+ ms\)$//; s/ in [0-9.]+ s$//' "$work/out" >"$work/timeless"
    diff -u "$2" "$work/timeless" || fail "$1: not as in $2"
}

check "the sample flows" 0 '18 passed, 0 failed, 0 pending in'
check "one file" 0 '4 passed, 0 failed' flows/hello_spec.lua
check "all that a spec can do" 0 'passed, 0 failed, 3 pending' "$specs/passing_spec.lua"
check "each way to fail" 1 '1 passed, 14 failed' "$specs/failing_spec.lua"
same "each way to fail" "$specs/failing.txt"
check "tests that would not end" 1 '4 passed, 7 failed' --timeout 1 "$specs/hanging_spec.lua"
same "tests that would not end" "$specs/hanging.txt"
check "a file that is no Lua" 1 'broken_spec.lua:2: .* expected near' "$specs/broken_spec.lua"
check "a file without tests" 1 'hold no test' "$specs/empty_spec.lua"
check "a folder is searched" 1 '  . knows values' --filter 'knows' "$specs"

check "a filter" 0 '2 passed, 0 failed' --filter 'hello greets'
check "a filter is a pattern" 0 '2 passed' --filter '^order .* tries?'
check "no test matches" 1 "no test's name matches" --filter 'no such test'
check "a filter that is no pattern" 2 'malformed pattern' --filter '['
check "unknown option" 2 'bogus' --bogus
check "an option without its value" 2 'needs a value' --junit
check "a time that is none" 2 'must be 1 to' --timeout soon
check "no such flows" 2 'no such folder' --flows nowhere
check "no such path" 3 'nowhere: No such file' nowhere
check "no spec there" 3 'no \*_spec.lua there' src
check "a report that cannot be written" 3 'junit' --junit nowhere/junit.xml flows/hello_spec.lua
check "help" 0 'usage: moonmill test' --help
check "flows of another folder" 1 'known: caught fetch' --flows tests/data/specs --filter 'by name' flows

check "TAP" 1 '^1\.\.15$' --tap "$specs/failing_spec.lua"
head -n 1 "$work/out" | grep -qx 'TAP version 13' || fail "TAP: no version"
[ "$(grep -c '^not ok ' "$work/out")" -eq 14 ] || fail "TAP: not 14 not ok"
grep -q '^ok 14 - a hook after_all is told apart$' "$work/out" || fail "TAP: no ok line"
grep -q 'in ?\[31mcolour \\# 1' "$work/out" || fail "TAP: a name is not harmless"
check "TAP of pending tests" 0 '^ok [0-9]* - a test that gives itself up # SKIP not on this machine$' \
    --tap "$specs/passing_spec.lua"
check "TAP that is given up" 3 '^Bail out!$' --tap nowhere

if command -v prove >/dev/null; then
    prove -Q --exec "$moonmill test --tap" flows/hello_spec.lua || fail "TAP: prove cannot read it"
    prove -Q --exec "$moonmill test --tap" "$specs/failing_spec.lua" >"$work/out" 2>&1
    grep -q 'Failed tests:  1-13, 15' "$work/out" || fail "TAP: prove reads something else"
    grep -q 'Parse errors' "$work/out" && fail "TAP: prove finds errors in it"
fi

check "JUnit" 1 '14 failed' --junit "$work/junit.xml" "$specs/failing_spec.lua" flows/hello_spec.lua
if command -v xmllint >/dev/null; then
    xmllint --noout "$work/junit.xml" || fail "JUnit: not well-formed"
elif command -v python3 >/dev/null; then
    python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' "$work/junit.xml" ||
        fail "JUnit: not well-formed"
else
    echo "skipped: neither xmllint nor python3 to read JUnit XML with"
fi
grep -q '<testsuites name="moonmill test" tests="19" failures="14" errors="0" skipped="0"' \
    "$work/junit.xml" || fail "JUnit: the counts"
grep -q '<testcase classname="hello" name="greets by name" file="flows/hello_spec.lua"' \
    "$work/junit.xml" || fail "JUnit: a test"
grep -q 'name="by a name with &lt;&amp;&quot;&gt;&#10;, in' "$work/junit.xml" ||
    fail "JUnit: a name is not escaped"

# Each block of the page is a spec.
awk -v dir="$work/page" 'BEGIN { system("mkdir -p " dir) }
    /^```lua$/ { file = dir "/block" ++n "_spec.lua"; next }
    /^```$/ { file = ""; next }
    file { print > file }' docs/specs.md
check "the page on specs" 0 '6 passed, 0 failed, 1 pending' --flows flows "$work/page"

# Flows are not specs, and specs no flows.
printf 'describe("s", function() it("t", function() run("hello_spec") end) end)\n' >"$work/a_spec.lua"
check "a spec is no flow" 1 'hello_spec.lua is a spec' --flows flows "$work/a_spec.lua"
cp flows/hello.lua flows/hello_spec.lua "$work/"
rm "$work/a_spec.lua"
check "flows lie beside their specs" 0 '4 passed' "$work/hello_spec.lua"
check "colours need a terminal" 0 'passed' flows/hello_spec.lua
grep -q "$(printf '\033')" "$work/out" && fail "colours where there is no terminal"

# Ctrl-C while a test hangs.
timeout -s INT 2 "$moonmill" test "$specs/hanging_spec.lua" >"$work/out" 2>&1
[ $? -eq 124 ] || fail "an interrupt: it did not end"
"$moonmill" test "$specs/hanging_spec.lua" >"$work/out" 2>&1 &
pid=$!
sleep 1
kill -TERM "$pid"
wait "$pid"
[ $? -eq 130 ] || fail "an interrupt: the status is not 130"
exit "$failed"
