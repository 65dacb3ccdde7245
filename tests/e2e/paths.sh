#!/usr/bin/env bash
# A result file tells nothing of folders, wherever plan, data and home are, and is the same
# there; and images in files of MNIST's names are not called MNIST.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
[ -x /usr/bin/python3 ] || skip "no /usr/bin/python3 to write images with"
t=$THREATLOOP_BIN
here=$(pwd -P)
export HOME=$here/home

# write_plan FOLDER SOURCE
write_plan() {
    cat >"$1/plan.yaml" <<YAML
seed: 1 # $1
replicates: 2
data:
  source: [synthetic/lesions, $2]
  split: {pool: 60, keep: 0.5, validation: 20, attacker: 20, test: 20}
model: {kind: mlp, width: 4}
recipe: {epochs: 1, batch: 32}
chain:
  - train
  - m2d.global_threshold
hypotheses:
  - {effect: data_source, on: m2d_global_threshold_auc, direction: changes}
store: [scores]
YAML
}
for where in one "two, it's here"; do
    mkdir -p "$where/home" "$where/data/mnist"
    /usr/bin/python3 "$plans/make_images.py" npz "$where/scans.npz"
    /usr/bin/python3 "$plans/make_images.py" idx "$where/data/mnist"
    write_plan "$where" "\"$here/$where/scans.npz\""
    HOME=$here/$where/home expect 0 "$t" run "$here/$where/plan.yaml" --data "$here/$where/data" \
        -o "$here/$where/out.nc"
    says "scans.npz"
    for file in "$where/out.nc" "$where/out.run.nc"; do
        strings -n 4 "$file" >strings.txt
        grep -F -e "$here" -e "$HOME" strings.txt && fail "$file names a folder"
    done
done
same "one/out.nc" "two, it's here/out.nc"
expect 0 ncdump -h one/out.nc
says 'source: [synthetic/lesions, scans.npz]'
expect 0 "$t" effects one/out.nc
says "scans.npz"

# The run directory has the plan as it was given: the run goes on.
expect 0 "$t" run "$here/one/plan.yaml" -o "$here/one/out.nc" --resume
same "one/out.nc" "two, it's here/out.nc"

# Results could not tell these apart.
mkdir -p other && cp one/scans.npz other
expect 2 "$t" plan one/plan.yaml --set "data.source=[$here/one/scans.npz, $here/other/scans.npz]"
says "rename one of the files"

expect 0 "$t" data info mnist/t10k --data one/data
says "not the official ones of MNIST"
finish
