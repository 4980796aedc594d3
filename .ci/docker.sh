# Sourced by .ci/run: a Docker engine and a base image, on a machine that has neither and no registry.
# Everything is made once and kept outside of the repository.

docker_answers() { docker info >/dev/null 2>&1; }

install_engine() {
  command -v dockerd >/dev/null && command -v debootstrap >/dev/null && command -v iptables >/dev/null && return
  echo "installing a Docker engine"
  apt-get update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q docker.io debootstrap iptables >/dev/null
}

start_engine() {
  docker_answers && return
  echo "starting the Docker engine"
  # A process group of its own, so that Ctrl-C in this script does not stop it.
  setsid dockerd >"${TMPDIR:-/tmp}/dockerd.log" 2>&1 </dev/null &
  for _ in $(seq 120); do docker_answers && return; sleep 0.5; done
  tail -20 "${TMPDIR:-/tmp}/dockerd.log"
  echo "the Docker engine did not start"
  return 1
}

make_base() {
  docker image inspect local/python:base >/dev/null 2>&1 && return
  local cache="${XDG_CACHE_HOME:-$HOME/.cache}/contract-harness" archive
  archive="$cache/python-base.tar"
  if [ ! -f "$archive" ]; then
    echo "making a base image"
    mkdir -p "$cache"
    rm -rf "$cache/root"
    debootstrap --variant=minbase --include=python3,python3-pip,python3-venv,ca-certificates \
      bookworm "$cache/root" >"$cache/debootstrap.log" 2>&1 || { tail -20 "$cache/debootstrap.log"; return 1; }
    tar -C "$cache/root" -cf "$archive.new" . && mv "$archive.new" "$archive"
    rm -rf "$cache/root"
  fi
  docker import "$archive" local/python:base >/dev/null
}

install_engine
start_engine
if [ -z "${HARNESS_PYTHON_IMAGE:-}" ] && ! docker pull -q python:3.12-slim >/dev/null 2>&1; then
  make_base
  export HARNESS_PYTHON_IMAGE=local/python:base
fi
# The images trust what this host trusts.
HARNESS_PYTHON_IMAGE=$(fixtures/base-image)
export HARNESS_PYTHON_IMAGE

if [ -z "${HARNESS_POSTGRES_IMAGE:-}" ] && ! docker pull -q postgres:17-alpine >/dev/null 2>&1; then
  docker build --quiet --build-arg "BASE=$HARNESS_PYTHON_IMAGE" --label contract-harness=image \
    --tag local/postgres:harness fixtures/images/postgres >/dev/null
  HARNESS_POSTGRES_IMAGE=local/postgres:harness
fi
export HARNESS_POSTGRES_IMAGE
