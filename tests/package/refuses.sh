#!/bin/sh
# What ./dev package refuses, each with one clear line: usage, flows with errors or none, too large for
# Lambda, a compiler or sources that are not there.
# usage: refuses.sh, with PACKAGE_TOOLS: the folder that has moonmill and embed-prelude
cd "$(dirname "$0")/../.." || exit 1
. tests/shell.sh

run() { timeout 60 "$@"; }

mkdir "$work/flows" "$work/tools"
cat >"$work/flows/broken.lua" <<'LUA'
return flow "broken" {
    task "load" { retyr = 3, run = function(s) return s.input end },
}
LUA
# everything but a compiler for arm64
for tool in sh dirname git sed uname cmake perl zip dpkg-source make gcc; do
    ln -s "$(command -v "$tool")" "$work/tools/"
done

check "an unknown architecture" 2 "--arch 'mips': Lambda has x86_64 and arm64" sh deploy/package.sh --arch mips
check "an unknown option" 2 "'--fast' is no option of it" sh deploy/package.sh --fast
check "a value that is missing" 2 "--arch wants a value" sh deploy/package.sh --arch
check "no such folder" 2 "--flows '$work/none': no such folder" sh deploy/package.sh --flows "$work/none"
check "flows with errors: the finding" 1 'unknown option "retyr"' sh deploy/package.sh --arch x86_64 --flows "$work/flows"
check "flows with errors: the refusal" 1 "nothing is packaged: the flows in $work/flows have errors" \
    sh deploy/package.sh --arch x86_64 --flows "$work/flows"
check "no compiler" 3 "no compiler for arm64: apt-get install gcc-aarch64-linux-gnu" \
    env PATH="$work/tools" sh deploy/package.sh --arch arm64
rm "$work/tools/zip"
check "no zip" 3 "zip is missing: apt-get install cmake perl zip dpkg-dev make" \
    env PATH="$work/tools" sh deploy/package.sh --arch arm64
rm "$work/flows/broken.lua"
check "no flow at all" 1 "nothing is packaged: there is no flow in $work/flows" \
    sh deploy/package.sh --arch x86_64 --flows "$work/flows"

# a copy without sources, and an apt that reaches nobody
mkdir -p "$work/copy"
cp -r deploy "$work/copy/"
printf 'Dir::Etc::SourceList "%s/sources.list";\nDir::Etc::SourceParts "/dev/null";\nDir::State::Lists "%s/lists";\n' \
    "$work" "$work" >"$work/apt.conf"
mkdir -p "$work/lists/partial"
: >"$work/sources.list"
check "no mirror" 3 "apt knows no Debian mirror" env APT_CONFIG="$work/apt.conf" sh "$work/copy/deploy/libraries.sh" x86_64
cat >"$work/apt.conf" <<'APT'
Acquire::http::Proxy "http://127.0.0.1:9";
Acquire::https::Proxy "http://127.0.0.1:9";
Acquire::Retries "0";
APT
check "no network" 3 "no network for the sources" env APT_CONFIG="$work/apt.conf" sh "$work/copy/deploy/libraries.sh" x86_64

mkdir "$work/large"
cp flows/hello.lua "$work/large/"
head -c 53000000 /dev/urandom >"$work/large/film.bin"
check "over Lambda's limit" 1 "bytes; Lambda takes 52428800" \
    env PACKAGE_DIST="$work/dist" sh deploy/package.sh --arch x86_64 --flows "$work/large"
mkdir "$work/long"
cp flows/hello.lua "$work/long/"
truncate -s 263000000 "$work/long/film.bin"
check "over Lambda's limit when unzipped" 1 "bytes; Lambda takes 262144000" \
    env PACKAGE_DIST="$work/dist" sh deploy/package.sh --arch x86_64 --flows "$work/long"
exit "$failed"
