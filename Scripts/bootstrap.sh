#!/usr/bin/env bash
# Finds or builds the pinned llama.cpp and prints its prefix, the only line on stdout. With --server, builds its HTTP
# server too, for tests of remote engines, and prints the server's path instead.
#
# An installed one of the pinned version is used as it is (LLAMA_PREFIX, or what pkg-config finds). Otherwise the pinned
# source distribution is downloaded from PyPI, verified, and built with this machine's own instruction set into a
# per-user cache, keyed by version, flags and processor, so that a second clone does not pay again. No root needed.
#
# SPECSEARCH_BACKEND says what else than the processor computes: cuda, hip, vulkan, metal; or cpu for nothing else; or
# auto (default), the first of cuda, hip and vulkan whose toolkit and GPU are here, and metal on macOS. CUDAARCHS and
# HIPARCHS name the architectures to build for, by default this machine's.
set -euo pipefail

# The pin: the only place where llama.cpp's version stands.
llama_version=0.5.0-dev
sdist=llama-cpp-python==0.3.36
sdist_sha256=832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e
# Libraries find one another where they stand.
rpath=\$ORIGIN
[ "$(uname -s)" != Darwin ] || rpath=@loader_path
flags=(
    -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=ON -DGGML_NATIVE=ON "-DCMAKE_INSTALL_RPATH=$rpath"
    -DCMAKE_INSTALL_LIBDIR=lib
    -DLLAMA_BUILD_COMMON=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_TOOLS=OFF
    -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_APP=OFF
)

# Of the server only what its binary needs: no web page, no TLS, and ggml as it was built for the library.
server_flags=(
    -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=ON -DLLAMA_USE_SYSTEM_GGML=ON "-DCMAKE_INSTALL_RPATH=$rpath"
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

# Where the CUDA compiler is, which is often not in PATH.
find_nvcc() { command -v "${CUDACXX:-nvcc}" || command -v /usr/local/cuda/bin/nvcc; }
find_hipcc() { command -v hipcc || command -v "${ROCM_PATH:-/opt/rocm}/bin/hipcc"; }
# Whether a command says that there is a device.
sees() { command -v "$1" >/dev/null && [ -n "$("$@" 2>/dev/null)" ]; }
# A software renderer is no GPU.
sees_vulkan() { [ -n "$(vulkaninfo --summary 2>/dev/null | sed -n '/deviceType/{/TYPE_CPU/!p}')" ]; }
needs() { fail "SPECSEARCH_BACKEND=$backend needs $1, which is not here." "Install it, or set SPECSEARCH_BACKEND=cpu."; }

backend=${SPECSEARCH_BACKEND:-auto}
wants_backend=$backend
gpu=
if [ "$backend" = auto ]; then
    if [ "$(uname -s)" = Darwin ]; then
        backend=metal
    elif find_nvcc >/dev/null && sees nvidia-smi -L; then
        backend=cuda
    elif find_hipcc >/dev/null && sees rocm_agent_enumerator -name; then
        backend=hip
    elif command -v glslc >/dev/null && sees_vulkan; then
        backend=vulkan
    else
        backend=cpu
    fi
fi
case $backend in
cpu) [ "$(uname -s)" != Darwin ] || flags+=(-DGGML_METAL=OFF) ;;
metal)
    [ "$(uname -s)" = Darwin ] || fail "SPECSEARCH_BACKEND=metal is for macOS." "Use cuda, hip, vulkan or cpu."
    flags+=(-DGGML_METAL=ON)
    ;;
cuda)
    CUDACXX=$(find_nvcc) || needs "nvcc (the CUDA toolkit)"
    export CUDACXX
    # The runtime's libraries stand beside the compiler, on many machines in no directory that the loader knows. Without a
    # GPU here, "native" would name no architecture.
    toolkit=$(dirname "$(dirname "$(readlink -f "$CUDACXX")")")
    gpu=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | sort -u) || true
    [ -n "$gpu" ] || CUDAARCHS=${CUDAARCHS:-all-major}
    flags+=(
        -DGGML_CUDA=ON -DGGML_CUDA_NCCL=OFF "-DCMAKE_INSTALL_RPATH=$rpath;$toolkit/lib64;$toolkit/lib"
        ${CUDAARCHS:+"-DCMAKE_CUDA_ARCHITECTURES=$CUDAARCHS"}
    )
    ;;
hip)
    found=$(find_hipcc) || needs "hipcc (ROCm 6.1 or later)"
    gpu=$(rocm_agent_enumerator -name 2>/dev/null | sort -u) || true
    toolkit=$(dirname "$(dirname "$(readlink -f "$found")")")
    [ -n "${HIPCXX:-}" ] || ! found=$("$(dirname "$found")/hipconfig" -l 2>/dev/null) || export HIPCXX="$found/clang"
    flags+=(
        -DGGML_HIP=ON "-DCMAKE_INSTALL_RPATH=$rpath;$toolkit/lib"
        ${HIPARCHS:+"-DCMAKE_HIP_ARCHITECTURES=$HIPARCHS"}
    )
    ;;
vulkan)
    [ -z "${VULKAN_SDK:-}" ] || PATH=$VULKAN_SDK/bin:$PATH
    command -v glslc >/dev/null || needs "glslc (Debian: apt install glslc libvulkan-dev spirv-headers)"
    # Debian 12's headers are older: llama.cpp would fail after all the shaders.
    grep -qs VK_EXT_layer_settings "${VULKAN_SDK:-/usr}/include/vulkan/vulkan_core.h" ||
        needs "Vulkan's headers of 1.3.272 or later (the Vulkan SDK, with VULKAN_SDK set to its folder)"
    flags+=(-DGGML_VULKAN=ON)
    ;;
*) fail "SPECSEARCH_BACKEND=$backend is unknown." "Use auto, cpu, cuda, hip, vulkan or metal." ;;
esac

version_at() { sed -n 's/^Version: *//p' "$1/lib/pkgconfig/llama.pc" 2>/dev/null || true; }

# Whether an installation has what was asked for by name; by default any will do.
has_backend() {
    case $wants_backend in
    auto | cpu) ;;
    *) compgen -G "$1/lib*/libggml-$backend.*" >/dev/null ;;
    esac
}

prefix=
if [ -n "${LLAMA_PREFIX:-}" ]; then
    found=$(version_at "$LLAMA_PREFIX")
    [ "$found" = "$llama_version" ] || fail \
        "LLAMA_PREFIX=$LLAMA_PREFIX holds llama.cpp '${found:-none}', and $llama_version is needed." \
        "Unset LLAMA_PREFIX to have the right one built, or point it to an installation of that version."
    has_backend "$LLAMA_PREFIX" || fail "LLAMA_PREFIX=$LLAMA_PREFIX holds no libggml-$backend." \
        "Unset SPECSEARCH_BACKEND to use it as it is, or LLAMA_PREFIX to have one with $backend built."
    prefix=$LLAMA_PREFIX
elif command -v pkg-config >/dev/null && [ "$(pkg-config --modversion llama 2>/dev/null)" = "$llama_version" ] &&
    has_backend "$(pkg-config --variable=prefix llama)"; then
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
key=$(printf '%s\n' "$llama_version" "$sdist_sha256" "${flags[@]}" "$cpu" ${gpu:+"$gpu"} | cksum | cut -d' ' -f1)
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
say "Building $what $llama_version for $backend once for this machine, some minutes (log: $log)"
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
# GNU's takes patterns only if told to, and others know no such option.
wildcards=
! tar --version 2>/dev/null | grep -q GNU || wildcards=--wildcards
tar -xzf "$archive" -C "$work/source" --strip-components=1 $wildcards '*/vendor/llama.cpp/*'
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
    advice="A C++17 compiler is needed; or set LLAMA_PREFIX."
    [ "$backend" = cpu ] || advice="Set SPECSEARCH_BACKEND=cpu to do without $backend."
    fail "llama.cpp did not build for $backend." "The whole log is $log. $advice"
}
[ "$(version_at "$work/root$prefix")" = "$llama_version" ] ||
    fail "the source distribution holds llama.cpp '$(version_at "$work/root$prefix")', not $llama_version." \
        "The pin in Scripts/bootstrap.sh is inconsistent: please report it."
rm -rf "$prefix"
mv "$work/root$prefix" "$prefix"
printf '%s\n' "$prefix"
