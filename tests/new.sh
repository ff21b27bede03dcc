#!/bin/sh
# moonmill new as its users run it: what it makes is checked, tested and replayed by the commands
# that it prints, is clean for luacheck, and a second run overwrites nothing.
# usage: new.sh PATH-OF-MOONMILL, in the project's folder
. "$(dirname "$0")/shell.sh"
moonmill=$(realpath "$1")
project=$PWD

run() { timeout 120 "$moonmill" "$@"; }

mkdir "$work/bin"
ln -s "$moonmill" "$work/bin/moonmill"
PATH=$work/bin:$PATH

# The commands after "next:", as a shell reads them, in a folder with an awkward name.
cd "$work" || exit 1
check "a new folder" 0 'made  flows/refund.lua' new "a shop's/deep"
sed -n '/^next:$/,$p' "$work/out" | sed 1d |
    sed 's/^  moonmill watch/  timeout --preserve-status -s INT 2 moonmill watch/' >"$work/next.sh"
[ "$(wc -l <"$work/next.sh")" -eq 5 ] || fail "five lines after next:"
(set -e; . "$work/next.sh") >"$work/said" 2>&1 || { fail "the printed commands"; cat "$work/said"; }
grep -q 'completed  done' "$work/said" || fail "the replay completes"
grep -q '^page  *http://127.0.0.1:' "$work/said" || fail "the watch serves a page"
sh -ec '. "$1"; test "$(basename "$PWD")" = deep' sh "$work/next.sh" >/dev/null 2>&1 ||
    fail "cd leads into the folder"

made="$work/a shop's/deep"
cmp "$project/lua/library/moonmill.lua" "$made/lua/library/moonmill.lua" ||
    fail "lua/library/moonmill.lua is not what moonmill new writes: commit that"
if command -v luacheck >/dev/null; then
    (cd "$made" && luacheck -q .) || fail "luacheck"
fi
for file in .luarc.json fixtures/refund.json fixtures/answers.json; do
    cmp "$project/templates/$file" "$made/$file" || fail "$file"
done

# What is there is kept: a file, and a link that leads nowhere.
mkdir "$work/again" "$work/again/flows"
echo "mine" >"$work/again/flows/refund.lua"
ln -s nowhere "$work/again/.luacheckrc"
cd "$work/again" || exit 1
check "this folder" 0 'kept  flows/refund.lua' new
[ "$(cat flows/refund.lua)" = mine ] || fail "a file was overwritten"
[ ! -e nowhere ] || fail "a link was followed"
check "a second run" 0 'kept  lua/library/moonmill.lua' new .
if grep -q made "$work/out"; then
    fail "the second run made something"
fi

check "a file in the way" 3 'flows/refund.lua: cannot be written: Not a directory' \
    new "$work/again/flows/refund.lua"
check "two folders" 2 'one too many' new a b
check "an option that it has not" 2 'no option' new --force
check "help" 0 'usage: moonmill new' new --help
exit "$failed"
