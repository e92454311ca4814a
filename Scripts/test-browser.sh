#!/usr/bin/env bash
# Real clients and a real browser against a real server: Tests/Browser, in an environment of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${CHROMIUM:-}" ] && ! command -v chromium >/dev/null && ! command -v google-chrome >/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq >/dev/null && apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core >/dev/null
  else
    echo "There is no chromium: the tests of the page are skipped. (Set CHROMIUM, or install it.)" >&2
  fi
fi
environment=.build/browser-venv
if ! cmp -s Tests/Browser/requirements.txt "$environment/requirements.txt"; then
  rm -rf "$environment"
  python3 -m venv "$environment"
  "$environment/bin/pip" install -q -r Tests/Browser/requirements.txt
  cp Tests/Browser/requirements.txt "$environment/"
fi
exec "$environment/bin/python" -m pytest -q -p no:cacheprovider Tests/Browser "$@"
