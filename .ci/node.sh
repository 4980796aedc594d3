#!/usr/bin/env bash
# The clients from npm that tests/wire drives, kept outside of the repository: `. .ci/node.sh` says where.
# Node itself comes from npm as well, for the clients need a newer one than most distributions have.
set -euo pipefail
ci=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${HARNESS_CI_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/contract-harness-ci}
wanted=$ci/../tests/wire/node/package.json
folder=$cache/node-$(sha256sum "$wanted" | cut -c1-16)

if [ ! -f "$folder/installed" ]; then
  command -v npm >/dev/null ||
    { apt-get update -q && apt-get install -y -q --no-install-recommends npm; } >/dev/null
  mkdir -p "$folder"
  cp "$wanted" "$folder/package.json"
  # No script of any package runs: everything that is needed is in the packages.
  npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --no-package-lock --loglevel=error >&2
  touch "$folder/installed"
fi
export HARNESS_NODE_MODULES=$folder/node_modules
