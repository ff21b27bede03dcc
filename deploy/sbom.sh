#!/bin/sh
# What the program is made of, as CycloneDX 1.5.
# usage: sbom.sh VERSION COMMIT VERSIONS, a file of lines "package<tab>version" of Debian's sources
set -eu
version=$1 commit=$2 versions=$3

licence_of() {
    case $1 in
    musl | c-ares | cjson | lua5.4) echo MIT ;;
    zlib) echo Zlib ;;
    openssl) echo Apache-2.0 ;;
    curl) echo curl ;;
    *) echo "sbom: the licence of $1 is not known" >&2; exit 1 ;;
    esac
}

# '+' and ':' have meanings of their own in a package URL.
escape() { printf %s "$1" | sed 's/%/%25/g; s/+/%2B/g; s/:/%3A/g'; }

cat <<JSON
{
  "bomFormat": "CycloneDX",
  "specVersion": "1.5",
  "version": 1,
  "metadata": {
    "timestamp": "$(TZ=UTC date -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)",
    "component": {
      "type": "application",
      "bom-ref": "moonmill",
      "name": "moonmill",
      "version": "$version",
      "licenses": [{ "license": { "id": "MIT" } }],
      "properties": [{ "name": "commit", "value": "$commit" }]
    }
  },
  "components": [
JSON
separator=
while read -r name number; do
    licence=$(licence_of "$name")
    printf '%s    {\n      "type": "library",\n      "name": "%s",\n      "version": "%s",\n' "$separator" "$name" "$number"
    printf '      "licenses": [{ "license": { "id": "%s" } }],\n' "$licence"
    printf '      "purl": "pkg:deb/debian/%s@%s?arch=source&distro=bookworm"\n    }' "$name" "$(escape "$number")"
    separator=',
'
done <"$versions"
printf '\n  ]\n}\n'
