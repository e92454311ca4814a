#!/usr/bin/env bash
# What can be checked of Packaging without Docker and without installing: that the Dockerfile parses, that what it copies
# is a whole package, and that systemd understands the unit.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q dockerfile-parse
"$work/venv/bin/python" - <<'PYTHON'
from dockerfile_parse import DockerfileParser

known = set("FROM RUN CMD LABEL EXPOSE ENV ADD COPY ENTRYPOINT VOLUME USER WORKDIR ARG STOPSIGNAL HEALTHCHECK SHELL".split())
file = DockerfileParser("Packaging/Dockerfile")
steps = [step for step in file.structure if step["instruction"] != "COMMENT"]
unknown = [step for step in steps if step["instruction"] not in known]
assert not unknown, unknown
assert steps[0]["instruction"] == "FROM" and [step["instruction"] for step in steps].count("USER") == 1
print(f"Dockerfile: {len(steps)} instructions, on {', '.join(file.parent_images)}")
PYTHON

# The build context: what .dockerignore leaves of the repository.
mkdir "$work/context"
git ls-files | grep -vE "^($(sed 's/\./\\./g' Packaging/Dockerfile.dockerignore | paste -sd'|'))(/|$)" | tar c -T - | tar x -C "$work/context"
swift package --package-path "$work/context" --scratch-path "$work/build" describe >"$work/description" || exit 1
echo "build context: $(grep -c "^    Name:" "$work/description") targets"

if command -v systemd-analyze >/dev/null; then
  sed 's#^ExecStart=[^ ]*#ExecStart=/bin/true#; /^Documentation=man:/d' Packaging/specsearch.service >"$work/specsearch.service"
  systemd-analyze verify "$work/specsearch.service"
  echo "unit: verified; $(systemd-analyze security --offline=yes "$work/specsearch.service" | grep -o 'Overall exposure.*: .*[0-9]')"
fi
