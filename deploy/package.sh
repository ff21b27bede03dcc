#!/bin/sh
# ./dev package: dist/moonmill-VERSION-ARCH.zip, what Lambda takes: a static bootstrap, flows/, what it is
# made of. The same commit, sources and compiler make the same bytes.
set -eu
cd "$(dirname "$0")/.."
tools=${PACKAGE_TOOLS:-$PWD/build/release} # where moonmill and embed-prelude are
dist=${PACKAGE_DIST:-dist}

usage() {
    cat <<'TEXT'
usage: ./dev package [--arch x86_64|arm64] [--flows FOLDER]

  --arch ARCH      of the function; without it both are made
  --flows FOLDER   the flows that go along (default flows); they must pass moonmill check

Prints each zip with its architecture, sizes in bytes and sha256. The debug symbols lie beside it.
Exit status: 0 made, 1 not, 2 usage, 3 something that it needs is missing here.
TEXT
}

die() { printf 'package: %s\n' "$*" >&2; exit 1; }
say() { printf '%s\n' "$*" >&2; }
lack() { printf 'package: %s\n' "$*" >&2; exit 3; }
refuse() { printf 'package: %s\nTry: ./dev package --help\n' "$*" >&2; exit 2; }

# What Lambda takes (quotas, "Deployment package size"): bytes of a zip that is uploaded, and unzipped.
ZIP_MAX=$((50 * 1024 * 1024))
UNZIPPED_MAX=$((250 * 1024 * 1024))

# --- what is asked for ---------------------------------------------------------------------------

archs="x86_64 arm64"
flows=flows
while [ $# -gt 0 ]; do
    case $1 in
    --arch) archs=${2:-} ;;
    --flows) flows=${2:-} ;;
    -h | --help) usage; exit 0 ;;
    *) refuse "'$1' is no option of it" ;;
    esac
    [ $# -ge 2 ] || refuse "$1 wants a value"
    shift 2
done
case $archs in
x86_64 | arm64 | "x86_64 arm64") ;;
*) refuse "--arch '$archs': Lambda has x86_64 and arm64" ;;
esac
[ -d "$flows" ] || refuse "--flows '$flows': no such folder"

tools_of() { [ "$1" = x86_64 ] || echo aarch64-linux-gnu-; }
headers_of() { if [ "$1" = x86_64 ]; then echo /usr/include; else echo /usr/aarch64-linux-gnu/include; fi; }

check_tools() {
    for tool in cmake perl zip dpkg-source make; do
        command -v $tool >/dev/null || lack "$tool is missing: apt-get install cmake perl zip dpkg-dev make"
    done
    for arch in $archs; do
        command -v "$(tools_of "$arch")gcc" >/dev/null ||
            lack "no compiler for $arch: apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
        [ -d "$(headers_of "$arch")/linux" ] ||
            lack "no headers of Linux for $arch: apt-get install libc6-dev libc6-dev-arm64-cross"
    done
    [ "$(uname -m)" = x86_64 ] || lack "zips are made on x86_64; this is $(uname -m)"
}

# --- what it is ----------------------------------------------------------------------------------

version=$(sed -n 's/^project(moonmill VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
commit=$(git describe --always --dirty --exclude='*' --abbrev=12 2>/dev/null || echo unknown)
# the time of everything in it: the commit's; outside of a clone the first that a zip can tell
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 315532800)}
export SOURCE_DATE_EPOCH

check_flows() {
    "$tools/moonmill" check "$flows" >build/package/check.log 2>&1 ||
        { cat build/package/check.log >&2; die "nothing is packaged: the flows in $flows have errors"; }
    ! grep -q '^0 files,' build/package/check.log || die "nothing is packaged: there is no flow in $flows"
}

# --- the program ---------------------------------------------------------------------------------

build_program() {
    build=build/package/$1/build
    cmake -S . -B "$build" -D CMAKE_TOOLCHAIN_FILE="$PWD/cmake/package.cmake" -D PACKAGE_ARCH="$1" \
        -D CMAKE_BUILD_TYPE=RelWithDebInfo -D MOONMILL_COMMIT="$commit" \
        -D MOONMILL_EMBED_PRELUDE="$tools/embed-prelude" >"build/package/$1/build.log" 2>&1 &&
        cmake --build "$build" --parallel "$(nproc)" --target bootstrap >>"build/package/$1/build.log" 2>&1 ||
        { grep -E 'rror' "build/package/$1/build.log" >&2; die "bootstrap does not build for $1: build/package/$1/build.log"; }
}

# The program alone, and beside the zip what a debugger needs of it.
strip_program() {
    objcopy=$(tools_of "$1")objcopy
    $objcopy --only-keep-debug "$build/bootstrap" "$symbols"
    $objcopy --strip-all --add-gnu-debuglink="$symbols" "$build/bootstrap" "$stage/bootstrap"
    ! readelf -l "$stage/bootstrap" | grep -q -e INTERP -e DYNAMIC || die "bootstrap for $1 is not static"
    chmod 755 "$stage/bootstrap"
}

# --- the zip -------------------------------------------------------------------------------------

fill_stage() {
    mkdir -p "$stage/flows"
    (cd "$flows" && find . -type f ! -name '*_spec.lua' ! -name '.*' | LC_ALL=C sort |
        while read -r file; do install -D -m 644 "$file" "$stage/flows/$file"; done)
    sh deploy/sbom.sh "$version" "$commit" build/package/source/versions >"$stage/sbom.cdx.json"
    for folder in build/package/source/*/debian; do
        package=$(sed -n '1s/ .*//p' "$folder/changelog")
        install -D -m 644 "$folder/copyright" "$stage/licences/$package"
    done
    install -m 644 LICENSE "$stage/licences/moonmill"
}

write_zip() {
    rm -f "$zip"
    (cd "$stage" && find . -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} + &&
        find . -type f | sed 's|^\./||' | LC_ALL=C sort | TZ=UTC zip -q -X -D -9 "$zip" -@)
}

check_limits() {
    size=$(stat -c %s "$zip")
    unzipped=$(find "$stage" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum }')
    [ "$size" -le $ZIP_MAX ] || { rm "$zip"; die "the zip has $size bytes; Lambda takes $ZIP_MAX: are there files in $flows that are no flows?"; }
    [ "$unzipped" -le $UNZIPPED_MAX ] || { rm "$zip"; die "unzipped there are $unzipped bytes; Lambda takes $UNZIPPED_MAX"; }
}

make_zip() {
    name=moonmill-$version-$1
    stage=$PWD/build/package/$1/stage
    zip=$(realpath "$dist")/$name.zip
    symbols=$dist/$name.debug
    rm -rf "$stage"
    fill_stage
    strip_program "$1"
    write_zip
    check_limits
    printf '%s  %s  zip %s  bootstrap %s  sha256 %s\n' "$dist/$name.zip" "$1" "$size" \
        "$(stat -c %s "$stage/bootstrap")" "$(sha256sum <"$zip" | cut -d ' ' -f 1)"
}

check_tools
mkdir -p build/package "$dist"
check_flows
for arch in $archs; do
    rm -f "$dist/moonmill-$version-$arch.zip"
done
for arch in $archs; do
    sh deploy/libraries.sh "$arch"
    build_program "$arch"
    make_zip "$arch"
done
