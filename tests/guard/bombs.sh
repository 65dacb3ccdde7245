#!/usr/bin/env bash
# Files that are small outside and huge inside are refused from what their headers say, or read
# in pieces: every reading command, within a bounded memory.
. "${ROOT:?the checkout}/tests/guard/lib.sh" || exit 1
/usr/bin/python3 -c 'import netCDF4, numpy' 2>/dev/null || skip "no python3-netcdf4 to make files"
t=$THREATLOOP_BIN
/usr/bin/python3 "$ROOT/tests/guard/make_bombs.py" . || skip "the files cannot be made here"
plan() {
    cat <<YAML
name: bomb
seed: 1
replicates: 2
data: {source: $1, split: {pool: 40, keep: 0.5, validation: 12, attacker: 30, test: 36}}
model: {kind: linear}
chain: [train, measure.utility]
YAML
}

# Result files: `table` and `effects` read them in a child, whose memory counts too.
for file in columns texts wide chunk trials; do
    for command in "table --csv" "effects" "effects --json"; do
        # shellcheck disable=SC2086
        bounded 1600 "$t" $command $file.nc
        [ "$code" = 1 ] || fail "$command $file.nc: exit $code"
    done
done
for file in columns texts trials; do
    refused 1600 "of memory that result files may take; --memory allows more" "$t" table $file.nc
done
refused 200 "a text is too long" "$t" table wide.nc
refused 200 "need" "$t" table columns.nc --memory 0.05

# Sources: `data info` tells what is inside without holding it, `plan` refuses to hold it.
for file in images fortran; do
    allowed 200 "$t" data info $file.npz
    says "u1 (1300000, 28, 28)"
    says "more memory than data may take"
    plan $file.npz >$file.yaml
    refused 200 "--memory allows more" "$t" plan $file.yaml
    refused 200 "--memory allows more" "$t" run $file.yaml --dir $file.run
    refused 200 "--memory allows more" "$t" data roles $file.yaml --replicate 0
done
allowed 200 "$t" data info many.npz
says "at most the first 1 GiB were checked"
allowed 200 "$t" data info unneeded.npz
plan unneeded.npz >unneeded.yaml
refused 200 "unneeded.npz has 1 distinct ones" "$t" plan unneeded.yaml # and no more of it was read
[ "${cpu%.*}" -lt 2 ] || fail "a member that is not needed was inflated: $cpu s"
plan wide.npz >wide.yaml
refused 200 "sides of 4 to 1024 pixels" "$t" plan wide.yaml
plan labels.npz >labels.yaml
refused 200 "allowed are integers" "$t" plan labels.yaml
allowed 200 "$t" data info mnist/t10k-images-idx3-ubyte.gz
says "u1 (1300000, 28, 28)"
plan mnist/t10k >mnist.yaml
refused 200 "--memory allows more" "$t" plan mnist.yaml --data .
refused 200 "safetensors header" "$t" data info tensors.safetensors
for file in *.npz *.nc *.safetensors mnist/*; do
    bounded 200 "$t" data verify "$file"
    [ "$code" = 1 ] || fail "data verify $file: exit $code"
done

# With memory enough they are read: what is refused is the size, not the file.
plan images.npz >small.yaml
/usr/bin/python3 - <<'P'
import numpy
n = {"train": 200, "val": 20, "test": 20}
numpy.savez_compressed("small.npz", **{s + "_images": numpy.random.default_rng(1).integers(0, 255, (k, 28, 28), dtype="u1") for s, k in n.items()},
                       **{s + "_labels": (numpy.arange(k) % 2).astype("u1") for s, k in n.items()})
P
plan small.npz >small.yaml
allowed 200 "$t" plan small.yaml
refused 200 "--memory allows more" "$t" plan small.yaml --memory 0.0005
allowed 200 "$t" plan small.yaml --memory 0.01
show_worst
finish
