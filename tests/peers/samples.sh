#!/usr/bin/env bash
# What numpy makes of the stored scores is what the program reports, and their rows are those
# that `data roles` names. Exit 77: no numpy or netCDF4 for Python.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=/usr/bin/python3
$python -c 'import numpy, netCDF4' 2>/dev/null || { echo "skipped: no numpy or netCDF4 for $python" && exit 77; }
plan=$here/../e2e/stored.yaml
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
"${THREATLOOP_BIN:?the program}" run "$plan" -o all.nc >/dev/null 2>&1
$python "$here/recompute_samples.py" all.nc
# Images of two shapes in one file.
$python - <<'PYTHON'
import numpy as np
draw = np.random.default_rng(1)
sets = {"train": 3000, "val": 200, "test": 200}
arrays = {f"{s}_images": draw.integers(0, 256, (n, 20, 16, 3), dtype=np.uint8) for s, n in sets.items()}
arrays |= {f"{s}_labels": draw.integers(0, 3, (n, 1), dtype=np.uint8) for s, n in sets.items()}
np.savez("other.npz", **arrays)
PYTHON
"$THREATLOOP_BIN" run "$plan" --set data.source='[synthetic/lesions, other.npz]' \
    --set replicates=1 -o two.nc >/dev/null 2>&1
$python "$here/recompute_samples.py" two.nc | tee two.txt
grep -qF 'images of shape (1, 28, 28) (3, 20, 16)' two.txt
# Labels that nothing has flipped, in rows that nothing has added.
"$THREATLOOP_BIN" run "$plan" --set poison=[none] -o clean.nc >/dev/null 2>&1
"$THREATLOOP_BIN" data roles "$plan" --replicate 1 --csv >roles.csv
$python "$here/recompute_samples.py" clean.nc roles.csv 1
