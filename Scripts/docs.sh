#!/usr/bin/env bash
# DocC archives of the libraries that have articles, in .build/docs.
set -euo pipefail
cd "$(dirname "$0")/.."
swift package dump-symbol-graph --minimum-access-level public --skip-synthesized-members >.build/docs.log 2>&1 || {
  cat .build/docs.log >&2
  exit 1
}
for catalog in Sources/*/*.docc; do
  module=$(basename "$catalog" .docc)
  graphs=.build/docs/$module.symbols
  rm -rf "$graphs" && mkdir -p "$graphs"
  cp .build/*/symbolgraph/"$module".symbols.json "$graphs"
  docc convert "$catalog" --additional-symbol-graph-dir "$graphs" --fallback-display-name "$module" \
    --fallback-bundle-identifier "$module" --warnings-as-errors --output-path ".build/docs/$module.doccarchive"
done
