#!/bin/sh
# From exec to the first /next: the packaged bootstrap beside AWS's own clients. Builds them below
# build/startup with the toolchains that are here, says which are not, then measures all in turns.
# usage: bench/startup/run.sh [ROUNDS], after ./dev package --arch x86_64
# AWS_LAMBDA_CPP: a checkout of awslabs/aws-lambda-cpp; without it the C++ client is left out
set -eu
cd "$(dirname "$0")/../.."
out=$PWD/build/startup
package=$PWD/build/package
prefix=$package/x86_64/prefix
here=$PWD/bench/startup
[ -x "$package/x86_64/stage/bootstrap" ] || { echo "startup: first ./dev package --arch x86_64" >&2; exit 3; }
mkdir -p "$out"
programs="moonmill=$package/x86_64/stage/bootstrap"

add() { programs="$programs $1=$2"; }

# missing TOOL NAME: says so when it is.
missing() {
    command -v "$1" >/dev/null && return 1
    echo "startup: no $1: $2 is not measured" >&2
}

libraries() { PKG_CONFIG_LIBDIR=$1/lib/pkgconfig pkg-config --static --cflags --libs libcurl; }

# The packaged libraries, and nothing of ours.
build_floor() {
    # shellcheck disable=SC2046
    "$prefix/bin/musl-gcc" -O2 -static -Wl,--gc-sections "$here/floor.c" -o "$out/floor" $(libraries "$prefix")
    add floor "$out/floor"
}

build_go() {
    missing go "AWS's Go client" && return
    mkdir -p "$out/go" && cp "$here/go/main.go" "$out/go"
    (cd "$out/go" && { [ -f go.mod ] || go mod init startup; } && go mod tidy &&
        CGO_ENABLED=0 go build -tags lambda.norpc -ldflags='-s -w' -o ../go-client .) >"$out/go.log" 2>&1
    add go "$out/go-client"
}

build_rust() {
    missing cargo "AWS's Rust client" && return
    cargo build --quiet --release --manifest-path "$here/rust/Cargo.toml" --target-dir "$out/rust" >"$out/rust.log" 2>&1
    rm -f "$here/rust/Cargo.lock"
    add rust "$out/rust/release/startup"
}

# As its README says, with a curl that has HTTP alone: Debian's cannot be linked statically.
build_cpp() {
    [ -n "${AWS_LAMBDA_CPP:-}" ] || { echo "startup: no AWS_LAMBDA_CPP: AWS's C++ client is not measured" >&2; return; }
    if [ ! -f "$out/curl/lib/libcurl.a" ]; then
        cp -r "$package"/source/curl-* "$out/curl-source"
        (cd "$out/curl-source" && ./configure -q --prefix="$out/curl" --disable-shared --with-openssl \
            --without-zlib --without-brotli --without-zstd --without-libpsl --without-libidn2 --without-nghttp2 \
            --without-librtmp --without-libssh2 --without-gssapi --disable-ldap --disable-manual &&
            make -j"$(nproc)" -C lib install && make -C include install && make install-pkgconfigDATA) >"$out/curl.log" 2>&1
    fi
    cmake -S "$AWS_LAMBDA_CPP" -B "$out/cpp" -D CMAKE_BUILD_TYPE=Release -D CMAKE_PREFIX_PATH="$out/curl" \
        -D CURL_LIBRARY="$out/curl/lib/libcurl.a" -D CURL_INCLUDE_DIR="$out/curl/include" >"$out/cpp.log" 2>&1
    cmake --build "$out/cpp" --target aws-lambda-runtime >>"$out/cpp.log" 2>&1
    # shellcheck disable=SC2046
    g++ -O2 -static -I"$AWS_LAMBDA_CPP/include" "$here/cpp/main.cpp" "$out/cpp/libaws-lambda-runtime.a" \
        -o "$out/cpp-client" $(libraries "$out/curl") 2>>"$out/cpp.log"
    add cpp "$out/cpp-client"
}

build_floor
build_go
build_rust
build_cpp
[ ! -x build/release/bootstrap ] || add moonmill-dynamic build/release/bootstrap
# shellcheck disable=SC2086
python3 -B "$here/startup.py" "${1:-60}" $programs
