#!/bin/sh
# How long moonmill check takes for a thousand flows, one after the other in one worker.
# usage: check.sh PATH-OF-MOONMILL, in the project's folder
set -eu
moonmill=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/flows"
count=0
while [ "$count" -lt 1000 ]; do
    for flow in hello order refund; do
        sed "s/return flow \"$flow\"/return flow \"$flow$count\"/" "flows/$flow.lua" \
            >"$work/flows/$flow$count.lua"
        count=$((count + 1))
        [ "$count" -lt 1000 ] || break
    done
done
began=$(date +%s%N)
"$moonmill" check "$work/flows" >"$work/said" 2>&1
took=$((($(date +%s%N) - began) / 1000000))
bytes=$(cat "$work"/flows/*.lua | wc -c)
echo "check of $(tail -n 1 "$work/said"), $((bytes / 1000)) B a file: $took ms"
