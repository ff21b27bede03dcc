#!/bin/sh
# Every block of Lua in README.md and docs/flows.md is a file named in its first line ("-- flows/name.lua").
# They are taken out, checked, and run by the specs among them and by tests/docs/*_spec.lua.
# usage: docs.sh PATH-OF-MOONMILL, in the project's folder
. "$(dirname "$0")/shell.sh"
moonmill=$1

mkdir -p "$work/flows/lib"
for page in README.md docs/flows.md; do # docs/specs.md is for tests/spec.sh
    awk -v work="$work" -v page="$page" '
        /^```lua *$/ { inside = 1; file = ""; next }
        /^```/       { if (inside && file != "") close(file); inside = 0; next }
        inside && file == "" {
            if ($0 !~ /^-- flows\/[A-Za-z0-9_\/]+\.lua/) { print page ":" NR ": a block of Lua without a file name"; exit 1 }
            file = work "/" $2
            if ((getline line < file) >= 0) { print page ":" NR ": " $2 " stands twice"; exit 1 }
        }
        inside { print > file }' "$page" || fail "$page"
done
count=$(find "$work/flows" -name '*.lua' | wc -l)
[ "$count" -ge 20 ] || fail "only $count blocks were found"

"$moonmill" check --flows "$work/flows" "$work/flows" || fail "check"
cp tests/docs/*_spec.lua "$work/flows/"
"$moonmill" test --flows "$work/flows" "$work/flows" || fail "test"

# No flow of the pages may be without a test.
for flow in "$work"/flows/*.lua; do
    name=$(basename "$flow" .lua)
    case $name in *_spec) continue ;; esac
    grep -q "run(\"$name\"" "$work"/flows/*_spec.lua || fail "$name is run by no spec"
done
echo "$count blocks of Lua"
exit "$failed"
