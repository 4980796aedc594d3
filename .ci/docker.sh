#!/usr/bin/env bash
# An engine and base images where there is neither: `. .ci/docker.sh` (or `eval "$(.ci/docker.sh)"`).
# Doing it twice does nothing twice. Needs root for what has to be installed; says what to export on its output.
set -euo pipefail
ci=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${HARNESS_CI_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/contract-harness-ci}
release=bookworm
packages=python3,python3-pip,python3-venv,ca-certificates

need=()
command -v dockerd >/dev/null || docker info >/dev/null 2>&1 || need+=(docker.io)
command -v iptables >/dev/null || need+=(iptables)
[ -f "$cache/python-$release.tar" ] || docker image inspect local/python:base >/dev/null 2>&1 ||
  command -v debootstrap >/dev/null || need+=(debootstrap)
if [ ${#need[@]} -gt 0 ]; then
  echo "installing ${need[*]}" >&2
  { apt-get update -q && apt-get install -y -q --no-install-recommends "${need[@]}"; } >/dev/null
fi

if ! docker info >/dev/null 2>&1; then
  log=$(mktemp -d)/dockerd.log
  echo "starting dockerd, log in $log" >&2
  setsid dockerd >"$log" 2>&1 </dev/null &
  for _ in $(seq 120); do
    docker info >/dev/null 2>&1 && break
    sleep 0.5
  done
  docker info >/dev/null 2>&1 || { tail -20 "$log" >&2; exit 1; }
fi

# A root file system takes most of a minute to make, so it is kept outside of the repository.
if ! docker image inspect local/python:base >/dev/null 2>&1; then
  if [ ! -f "$cache/python-$release.tar" ]; then
    echo "making a Debian with Python" >&2
    mkdir -p "$cache"
    root=$(mktemp -d "$cache/root.XXXXXX")
    debootstrap --variant=minbase --include="$packages" "$release" "$root" >"$cache/debootstrap.log" ||
      { tail -20 "$cache/debootstrap.log" >&2; exit 1; }
    tar -C "$root" -cf "$cache/python-$release.tar.part" .
    mv "$cache/python-$release.tar.part" "$cache/python-$release.tar"
    rm -rf "$root"
  fi
  docker import "$cache/python-$release.tar" local/python:base >/dev/null
fi

build() { # NAME FOLDER
  docker image inspect "$1" >/dev/null 2>&1 && return
  echo "building $1" >&2
  docker build --quiet --build-arg BASE=local/python:base --label contract-harness=image --tag "$1" "$2" >/dev/null
}

if ! docker image inspect local/python:ci >/dev/null 2>&1; then
  context=$(mktemp -d)
  cp "$ci/images/python/Dockerfile" "$context"
  cp "${PIP_CERT:-${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}}" "$context/ca-certificates.crt"
  build local/python:ci "$context"
  rm -rf "$context"
fi
build local/postgres:15 "$ci/../fixtures/images/postgres"
build local/polyglot:ci "$ci/images/polyglot"

export HARNESS_PYTHON_IMAGE=local/python:ci HARNESS_POSTGRES_IMAGE=local/postgres:15
export HARNESS_NODE_IMAGE=local/polyglot:ci HARNESS_JAVA_IMAGE=local/polyglot:ci
echo "export HARNESS_PYTHON_IMAGE=$HARNESS_PYTHON_IMAGE HARNESS_POSTGRES_IMAGE=$HARNESS_POSTGRES_IMAGE"
echo "export HARNESS_NODE_IMAGE=$HARNESS_NODE_IMAGE HARNESS_JAVA_IMAGE=$HARNESS_JAVA_IMAGE"
