#!/bin/sh
# The C library and what moonmill links with, static, for one architecture, from Debian's source
# packages; build/package/ARCH/prefix holds them. Kept there: a second run takes no time.
# usage: deploy/libraries.sh x86_64|arm64
set -eu
cd "$(dirname "$0")/.."
arch=$1
home=$PWD/build/package
sources=$home/source
prefix=$home/$arch/prefix
jobs=$(nproc)

die() { printf 'package: %s\n' "$*" >&2; exit 1; }
lack() { printf 'package: %s\n' "$*" >&2; exit 3; }
say() { printf '%s\n' "$*" >&2; }

case $arch in
x86_64) tools= triplet=x86_64-linux-gnu openssl=linux-x86_64 headers=/usr/include headers_asm=/usr/include/x86_64-linux-gnu ;;
arm64) tools=aarch64-linux-gnu- triplet=aarch64-linux-gnu openssl=linux-aarch64 headers=/usr/aarch64-linux-gnu/include headers_asm=$headers ;;
esac

# Small, for most of it runs rarely; what is hot in OpenSSL is assembler.
small="-Os -ffunction-sections -fdata-sections"
fast="-O2 -ffunction-sections -fdata-sections"

# --- sources -------------------------------------------------------------------------------------

packages="musl zlib openssl c-ares curl cjson lua5.4"

# apt's source lists of our own: the system's stay as they are.
apt() {
    program=$1
    shift
    "$program" -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$sources/apt/parts" \
        -o Dir::State::Lists="$sources/apt/lists" -o Dir::Cache="$sources/apt/cache" \
        -o APT::Sandbox::User= "$@"
}

# The newest version that the mirror has whole: a mirror may name one before it holds all its files.
fetch_newest() {
    newest=
    for version in $(apt apt-cache showsrc --only-source "$1" | sed -n 's/^Version: //p' | sort -urV); do
        newest=${newest:-$version}
        if apt apt-get -q source "$1=$version" >fetch.log 2>&1; then
            [ "$version" = "$newest" ] ||
                say "package: the mirror does not serve $1 $newest whole; $version is used"
            printf '%s\t%s\n' "$1" "$version" >>versions
            return 0
        fi
    done
    return 1
}

fetch_sources() {
    [ -f "$sources/complete" ] && return 0
    say "fetching the sources of: $packages"
    rm -rf "$sources"
    mkdir -p "$sources/apt/parts" "$sources/apt/lists/partial" "$sources/apt/cache/archives/partial"
    # the main archive first: it keeps what the security mirror has dropped
    apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        sed -n 's/^Debian /deb-src /p' | LC_ALL=C sort -ur >"$sources/apt/parts/sources.list"
    [ -s "$sources/apt/parts/sources.list" ] ||
        lack "apt knows no Debian mirror: run apt-get update, or put one into /etc/apt/sources.list"
    cd "$sources"
    apt apt-get -q update >fetch.log 2>&1 && ! grep -q '^[EW]:' fetch.log ||
        lack "no network for the sources: $(grep -m1 '^[EW]:' fetch.log || tail -n 1 fetch.log)"
    for package in $packages; do
        fetch_newest "$package" ||
            lack "the source of $package cannot be fetched: $(grep -m1 '^E:' fetch.log || tail -n 1 fetch.log)"
    done
    touch complete
    cd "$home"
}

# A copy of a package's source to build in.
copy_source() {
    rm -rf "$home/$arch/$1"
    cp -r "$(find "$sources" -mindepth 1 -maxdepth 1 -type d -name "$1-*")" "$home/$arch/$1"
    cd "$home/$arch/$1"
}

# --- libraries -----------------------------------------------------------------------------------

# Says nothing unless it fails.
run() {
    "$@" >>"$home/$arch/$step.log" 2>&1 && return 0
    tail -n 5 "$home/$arch/$step.log" | cut -c -300 >&2
    die "$step does not build, see build/package/$arch/$step.log"
}

build_musl() {
    copy_source musl
    run ./configure --prefix="$prefix" --syslibdir="$prefix/lib" --disable-shared \
        --enable-wrapper=gcc --target="${triplet%-gnu}-musl" CC="${tools}gcc" CFLAGS="$fast"
    run make -j"$jobs" AR="${tools}ar" RANLIB="${tools}ranlib" install
    for each in linux asm-generic mtd; do ln -sfn "$headers/$each" "$prefix/include/$each"; done
    ln -sfn "$headers_asm/asm" "$prefix/include/asm"
}

build_zlib() {
    copy_source zlib
    run env CC=musl-gcc AR="${tools}ar" RANLIB="${tools}ranlib" CFLAGS="$fast" \
        ./configure --static --prefix="$prefix"
    run make -j"$jobs" install
}

build_openssl() {
    copy_source openssl
    run env CC=musl-gcc AR="${tools}ar" RANLIB="${tools}ranlib" CFLAGS="$small" \
        perl Configure "$openssl" --prefix=/ --libdir=lib --openssldir=/etc/ssl \
        no-shared no-dso no-engine no-async no-tests no-legacy no-afalgeng no-ktls no-module \
        no-ui-console no-autoload-config no-aria no-bf no-camellia no-cast no-cms no-cmp no-comp \
        no-ct no-dsa no-dtls no-ec2m no-gost no-idea no-md4 no-mdc2 no-nextprotoneg no-ocb no-psk \
        no-rc2 no-rc4 no-rfc3779 no-rmd160 no-scrypt no-seed no-siphash no-sm2 no-sm3 no-sm4 \
        no-srp no-srtp no-ssl3 no-ts no-whirlpool
    run make -j"$jobs" build_libs
    # not configured with its place: that would stand in the program
    run make install_dev DESTDIR="$prefix"
    sed -i "s|^prefix=.*|prefix=$prefix|" "$prefix"/lib/pkgconfig/*ssl.pc "$prefix/lib/pkgconfig/libcrypto.pc"
}

# curl makes a channel for each of its handles, and a channel has two tables for the many queries that
# ours never sends: 75 KB, touched as a whole. Small ones serve as well.
build_cares() {
    copy_source c-ares
    run sed -i 's/^\(#define ARES_\(QID\|TIMEOUT\)_TABLE_SIZE\) .*/\1 16/' src/lib/ares_private.h
    run ./configure -q --host="$triplet" --prefix="$prefix" --disable-shared --enable-static \
        --disable-tests --disable-dependency-tracking \
        CC=musl-gcc AR="${tools}ar" RANLIB="${tools}ranlib" CFLAGS="$small"
    run make -j"$jobs" install
}

build_curl() {
    copy_source curl
    run ./configure -q --host="$triplet" --prefix="$prefix" --disable-shared --enable-static \
        --disable-dependency-tracking --with-openssl="$prefix" --enable-ares="$prefix" \
        --without-ca-bundle --without-ca-path --with-zlib="$prefix" --without-brotli --without-zstd \
        --without-libpsl --without-libidn2 --without-nghttp2 --without-librtmp --without-libssh2 \
        --without-gssapi --disable-ldap --disable-ftp --disable-file --disable-dict \
        --disable-telnet --disable-tftp --disable-pop3 --disable-imap --disable-smb --disable-smtp \
        --disable-gopher --disable-mqtt --disable-rtsp --disable-manual --disable-cookies \
        --disable-alt-svc --disable-hsts --disable-doh --disable-netrc --disable-mime \
        --disable-dateparse --disable-progress-meter --disable-ntlm --disable-tls-srp \
        --disable-unix-sockets --disable-websockets --disable-get-easy-options \
        --disable-libcurl-option \
        CC=musl-gcc AR="${tools}ar" RANLIB="${tools}ranlib" CFLAGS="$small" \
        PKG_CONFIG_LIBDIR="$prefix/lib/pkgconfig"
    run make -j"$jobs" -C lib install
    run make -C include install
    run make install-pkgconfigDATA
}

# archive NAME PC FILE...: a small library without a build of its own.
archive() {
    name=$1 pc=$2
    shift 2
    # shellcheck disable=SC2086
    run musl-gcc -std=gnu99 $fast -DNDEBUG -DLUA_USE_POSIX -c "$@"
    run "${tools}ar" rcsD "$prefix/lib/lib$name.a" ./*.o
    printf 'Name: %s\nDescription: for moonmill\nVersion: %s\nLibs: -L%s -l%s -lm\nCflags: -I%s\n' \
        "$name" "$(version_of "$step" | sed 's/-.*//')" "$prefix/lib" "$name" "$prefix/include" \
        >"$prefix/lib/pkgconfig/$pc.pc"
}

build_cjson() {
    copy_source cjson
    archive cjson libcjson cJSON.c
    run install -D -m 644 cJSON.h "$prefix/include/cjson/cJSON.h"
}

build_lua() {
    copy_source lua5.4
    cd src
    printf '#define DEB_HOST_MULTIARCH "%s"\n' "$triplet" >lua5.4-deb-multiarch.h
    rm lua.c luac.c
    archive lua5.4 lua5.4 ./*.c
    run install -m 644 lua.h luaconf.h lualib.h lauxlib.h lua5.4-deb-multiarch.h "$prefix/include"
}

# --- all of them ---------------------------------------------------------------------------------

version_of() { sed -n "s/^$1	//p" "$sources/versions"; }

# What the result depends on: this recipe, the sources, the compiler.
recipe() { cat "$script" "$sources/versions" && "${tools}gcc" --version; }

build_all() {
    rm -rf "${home:?}/$arch"
    mkdir -p "$prefix"
    for step in musl zlib openssl c-ares curl cjson lua5.4; do
        say "building $step $(version_of "$step") for $arch"
        ("build_$(printf %s "$step" | tr -d .0-9-)")
        rm -rf "${home:?}/$arch/$step"
    done
    recipe | sha256sum >"$home/$arch/recipe"
}

script=$PWD/deploy/libraries.sh
mkdir -p "$home"
fetch_sources
PATH=$prefix/bin:$PATH
SOURCE_DATE_EPOCH=0
export PATH SOURCE_DATE_EPOCH
[ "$(recipe | sha256sum)" = "$(cat "$home/$arch/recipe" 2>/dev/null)" ] || build_all
