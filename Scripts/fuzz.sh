#!/usr/bin/env bash
# libFuzzer on what reads bytes from outside: FUZZ_SECONDS (60) for each of the targets named, or for all.
#
# New inputs stay in .build/fuzz; `Scripts/fuzz.sh --keep` merges those that reach more code into Fuzzing/Corpus.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-60}
keeps=
if [ "${1:-}" = --keep ]; then
  keeps=yes
  shift
fi
targets=${*:-requests answers traces}
# The symbols of libFuzzer and of Swift together are more than gold can link.
linker=()
if [ "$(uname)" = Linux ]; then linker=(-Xswiftc -use-ld=lld); fi
swift build --package-path Fuzzing --scratch-path .build/fuzz/build -c release -Xswiftc -sanitize=fuzzer "${linker[@]}"
fuzz=$PWD/.build/fuzz/build/release/fuzz
# Otherwise Swift's own crash handler takes its time over every finding.
export SWIFT_BACKTRACE=enable=no
for target in $targets; do
  echo "== $target: $seconds s"
  found=.build/fuzz/$target
  mkdir -p "$found" ".build/fuzz/crashes"
  export FUZZ_TARGET=$target
  if [ -n "$keeps" ]; then
    "$fuzz" -set_cover_merge=1 -use_counters=0 "Fuzzing/Corpus/$target" "$found" 2>&1 | tail -n 2
    continue
  fi
  timeout -k 10 "$((seconds + 120))" "$fuzz" -max_total_time="$seconds" -print_final_stats=1 -timeout=20 \
    -rss_limit_mb=3000 -max_len=16384 -dict="Fuzzing/$target.dict" -artifact_prefix=".build/fuzz/crashes/$target-" \
    "$found" "Fuzzing/Corpus/$target" 2>.build/fuzz/$target.log || {
    tail -n 40 ".build/fuzz/$target.log" >&2
    echo "$target: a finding, in .build/fuzz/crashes; add it to Fuzzing/Corpus/$target with the fix." >&2
    exit 1
  }
  grep -E "DONE|stat::(number_of_executed_units|average_exec_per_sec|new_units_added|peak_rss_mb)" ".build/fuzz/$target.log"
done
