#!/usr/bin/env bash
# Tests on models that nobody here trained: the small one is pulled (98 MB, once); larger ones that are here are tested too.
# After a build of the tests.
set -euo pipefail
cd "$(dirname "$0")/.."
program=.build/debug/specsearch
small=smollm2
"$program" models path "$small" >/dev/null 2>&1 || "$program" models pull "$small" >/dev/null
swift test --skip-build --no-parallel --filter RealModelTests "$@"
environment=.build/real-venv
if ! "$environment/bin/python" -c 'import openai, pytest' 2>/dev/null; then
  rm -rf "$environment"
  python3 -m venv "$environment"
  "$environment/bin/pip" install -q $(grep -E '^(openai|pytest)>=' Tests/Browser/requirements.txt)
fi
SPECSEARCH=$program SPECSEARCH_REAL=$small exec "$environment/bin/python" -m pytest -q -p no:cacheprovider Tests/Browser/test_real.py
