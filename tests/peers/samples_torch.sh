#!/usr/bin/env bash
# What PyTorch makes of the saved models is what the program reports of its membership tests.
#   samples_torch.sh [MODEL...]    (cnn mlp)
# Needs python3-torch; THREATLOOP_BIN is the program, THREATLOOP_TEST_DATA the folder with
# mnist/. Exit 77: one of them is missing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
data=${THREATLOOP_TEST_DATA:-}
python=/usr/bin/python3
$python -c 'import torch, numpy, netCDF4' 2>/dev/null || { echo "skipped: no PyTorch, numpy or netCDF4 for $python" && exit 77; }
[ -d "$data/mnist" ] || { echo "skipped: no real data: set THREATLOOP_TEST_DATA" && exit 77; }
[ $# -gt 0 ] || set -- cnn mlp
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
for model in "$@"; do
    "${THREATLOOP_BIN:?the program}" run "$here/samples.yaml" --data "$data" --set model.kind="$model" \
        -o "$model.nc" >run.out 2>&1 || { cat run.out && exit 1; }
    "$THREATLOOP_BIN" data roles "$here/samples.yaml" --data "$data" --replicate 0 --csv >roles.csv
    $python "$here/samples_torch.py" "$model" "$data" roles.csv
done
