#!/usr/bin/env bash
# Pins the images, actions and certificates that deploy/ and CI download, and checks later whether they changed.
#
#   deploy/pins.sh take         look up the digests, and write them to deploy/pins.env
#   deploy/pins.sh check        compare with pins.env; exit code 1 if something differs
#   deploy/pins.sh build-args   the arguments of `docker build` for deploy/Dockerfile
#   deploy/pins.sh apply        write the digests into docker-compose.yaml and .github/workflows/ci.yml
#
# Needs docker (with buildx), curl, git and a network. This project is made without Docker, so it ships no
# pins.env. A test runs this script with stand-ins for the three programs.
set -euo pipefail
cd "$(dirname "$0")/.."
pins=deploy/pins.env
rds=https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem

images() {
  sed -nE 's/^ARG BASE=([^@]+)$/\1/p' deploy/Dockerfile
  sed -nE 's/^ +image: ((postgres|nginx):[^@ ]+).*$/\1/p' deploy/docker-compose.yaml
}
actions() { sed -nE 's/^ +- uses: ([^@]+)@[0-9a-f]{40} # (v.+)$/\1@\2/p; s/^ +- uses: ([^@]+@v[^ ]+)$/\1/p' .github/workflows/ci.yml; }
# Each answer is checked: one that is no digest ends the script.
digest() { docker buildx imagetools inspect "$1" --format '{{.Manifest.Digest}}' | grep -xE 'sha256:[0-9a-f]{64}'; }
commit() { git ls-remote "https://github.com/${1%@*}" "refs/tags/${1#*@}^{}" "refs/tags/${1#*@}" | sort -k2 -r | head -n 1 | cut -f1 | grep -xE '[0-9a-f]{40}'; }
bundle() { curl -fsS --proto '=https' --retry 3 "$rds" | sha256sum | cut -d' ' -f1; }

now() {
  local name found
  while read -r name; do found=$(digest "$name"); echo "image $name $found"; done < <(images | sort -u)
  while read -r name; do found=$(commit "$name"); echo "action $name $found"; done < <(actions | sort -u)
  found=$(bundle)
  # The digest of an empty download.
  [ "$found" != e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 ]
  echo "rds $rds $found"
}
taken() { [ -s "$pins" ] || { echo "There is no $pins: run deploy/pins.sh take first." >&2; exit 2; }; cat "$pins"; }
of() { taken | awk -v kind="$1" -v name="$2" '$1 == kind && $2 == name { print $3 }'; }

case "${1:-}" in
  take)
    now > "$pins.new"
    mv "$pins.new" "$pins"
    cat "$pins" ;;
  check)
    taken > /dev/null
    diff "$pins" <(now) || { echo "Something changed since the pins were taken. Find out why before you take them again." >&2; exit 1; }
    echo "everything is as $pins says" ;;
  build-args)
    base=$(sed -nE 's/^ARG BASE=([^@]+)$/\1/p' deploy/Dockerfile)
    echo "--build-arg BASE=$base@$(of image "$base") --build-arg RDS_SHA256=$(of rds "$rds")" ;;
  apply)
    taken | while read -r kind name found; do
      case "$kind" in
        image) sed -i -E "s#^( +image: $name)(@sha256:[0-9a-f]+)?\$#\\1@$found#" deploy/docker-compose.yaml ;;
        action) sed -i -E "s,^( +- uses: ${name%@*})@(${name#*@}|[0-9a-f]{40} # ${name#*@})\$,\\1@$found # ${name#*@}," .github/workflows/ci.yml ;;
      esac
    done ;;
  *)
    sed -nE '4,7s/^# {0,3}//p' "$0" >&2
    exit 2 ;;
esac
