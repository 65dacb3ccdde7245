#!/usr/bin/env bash
# What cannot run is refused before anything is computed: the exit status, words that name
# the spot, no result, nothing left over.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
cat >good.yaml <<'YAML'
name: good
replicates: 2
data:
  source: synthetic/lesions
  examples: 700
  split: {pool: 300, keep: 0.5, validation: 30, attacker: 150, test: 200}
recipe: {epochs: 1}
chain:
  - d2m.badnets: {rate: 0.1, target: 1}
  - train
  - measure.utility
YAML
printf 'name: t\nseed: 1\n\treplicates: 2\n' >tab.yaml
sed 's/replicates/replicats/' good.yaml >key.yaml
sed 's/measure\.utility/measure.utilty/' good.yaml >stage.yaml
sed '/^  - train$/d; s/^  - measure.utility$/&\n  - train/' good.yaml >order.yaml
mkdir folder folder.nc data data/medmnist
ln -s /nowhere/else dangling.yaml
printf 'PK\003\004 and no more' >data/medmnist/breastmnist.npz
before=$(ls)

# refuse CODE "WORDS" ARGUMENTS...
refuse() {
    local code=$1 words=$2
    shift 2
    "$THREATLOOP_BIN" "$@" >"$place.out" 2>"$place.err"
    local got=$?
    [ "$got" = "$code" ] || fail "$*: exit $got, wanted $code"
    grep -qF -- "$words" "$place.err" || { fail "$*: '$words' was not said:" && cat "$place.err" >&2; }
    [ ! -s "$place.out" ] || fail "$*: printed a result"
    [ "$(ls)" = "$before" ] || { fail "$*: left something over" && ls >&2; before=$(ls); }
}
refuse 2 "key.yaml:2:1: unknown key 'replicats': did you mean 'replicates'?" run key.yaml
refuse 2 "stage.yaml:11:5: unknown stage 'measure.utilty': did you mean 'measure.utility'?" run stage.yaml
refuse 2 "order.yaml:10:5: measure.utility reads the target, which no stage before it gives; put train before it" run order.yaml
refuse 2 "recipe.lr is -1" run good.yaml --set recipe.lr=-1
refuse 2 "badnets.rate is 1.5, allowed" run good.yaml --set badnets.rate=1.5
refuse 2 "replicates" run good.yaml --set replicates=-4
refuse 2 "tab.yaml:3:1" run tab.yaml
refuse 2 "tab in the indentation" run tab.yaml
refuse 2 "replicates must be at most" run good.yaml --set replicates=1000000000
refuse 2 "more than 2097152 trials" run good.yaml --set replicates=9000000 --set "recipe.lr=[0.1,0.2]"
refuse 1 "data not found" run good.yaml --set data.source=medmnist/bloodmnist --data data
refuse 1 "breastmnist.npz" run good.yaml --set data.source=medmnist/breastmnist --data data
refuse 2 "contains '..'" run good.yaml --set data.source=../data/x.npz
refuse 2 "contains '..'" run good.yaml --set data.source=text/../../x
refuse 2 "begins with a letter or digit" run good.yaml --set name=../x
refuse 2 "no set '../../x' to fetch" data fetch ../../x
refuse 1 "is not a file or folder name" data info text/../x
refuse 2 "unknown data source" run good.yaml --set data.source=medmnist/breast
refuse 2 "the roles need" run good.yaml --set data.split.pool=600
refuse 2 "data.split.keep is 1.5, allowed" run good.yaml --set data.split.keep=1.5
refuse 2 "attacker_from_pool" run good.yaml --set data.split.attacker_from_pool=10
refuse 2 "no file and no shipped plan named" run absent.yaml
refuse 2 "dangling.yaml" run dangling.yaml
refuse 2 "folder is a folder, not a plan" run folder
refuse 2 "folder is not a threatloop run directory" run --resume folder
refuse 2 "exists and is not a regular file" run good.yaml -o folder.nc
refuse 2 "names a folder" run good.yaml -o folder/
refuse 1 "absent/x.nc" run good.yaml -o absent/x.nc
refuse 2 "unknown option" run good.yaml --frobnicate
refuse 2 "unknown option '--waltime' (did you mean '--walltime'?)" run good.yaml --waltime 3
refuse 2 "--data needs a value (DIR), but '--resume' follows" run good.yaml --data --resume
refuse 2 "-o needs a value" run good.yaml -o
refuse 2 "run needs one plan" run
refuse 2 "is not a threatloop run directory" run good.yaml -o x.nc --dir data
refuse 2 "unknown command" frobnicate
THREATLOOP_KERNELS=none refuse 2 "THREATLOOP_KERNELS is 'none'; this processor can run" list
refuse 1 "absent" data info absent.npz
refuse 1 "breastmnist.npz" data info data/medmnist/breastmnist.npz
if [ "$(id -u)" != 0 ]; then
    mkdir -m 500 locked && before=$(ls)
    refuse 1 "locked/x.nc" run good.yaml -o locked/x.nc
fi

# Under MPI it is said once.
expect 2 launch -n 3 run key.yaml
[ "$(grep -c "unknown key" err.txt)" = 1 ] || fail "three ranks said it $(grep -c 'unknown key' err.txt) times"
expect 2 launch -n 3 run --frobnicate
[ "$(grep -c "unknown option" err.txt)" = 1 ] || fail "three ranks said it $(grep -c 'unknown option' err.txt) times"
for rank in OMPI_COMM_WORLD_RANK PMIX_RANK; do
    expect 2 env $rank=1 "$THREATLOOP_BIN" run --frobnicate
    [ ! -s err.txt ] || fail "$rank=1: another rank than 0 speaks"
done
finish
