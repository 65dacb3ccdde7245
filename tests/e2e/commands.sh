#!/usr/bin/env bash
# Every command has a help worth the name, and the catalogue, the tables and the checks of
# data say what they should.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
t=$THREATLOOP_BIN
# is_json WHAT: out.txt is one JSON object or array
is_json() {
    /usr/bin/python3 -m json.tool out.txt >/dev/null 2>&1 || command -v python3 >/dev/null && python3 -m json.tool out.txt >/dev/null || fail "$1 --json is no JSON"
}
expect 0 "$t" --help
commands=$(sed -n 's/^  \([a-z]*\)  .*/\1/p' out.txt)
[ "$(echo "$commands" | wc -w)" -ge 10 ] || fail "--help lists: $commands"
for command in $commands; do
    expect 0 "$t" "$command" --help
    grep -q "usage: threatloop $command" out.txt || fail "$command --help shows no usage"
done
expect 0 "$t" --version
says "OpenBLAS"

for what in stages models data metrics plans; do
    expect 0 "$t" list "$what"
    expect 0 "$t" list "$what" --json
    is_json "list $what"
done
expect 0 "$t" list stages
for stage in $(sed -n 's/^ *\([a-z0-9]*[a-z0-9_.]*\) .*/\1/p' out.txt | grep '\.'); do
    expect 0 "$t" describe "$stage"
    says "$stage"
done
expect 0 "$t" describe m2d.global_threshold
grep -q "^stores  *scores, curves" out.txt || fail "what it stores is not said"
grep -q "^variant" out.txt || fail "its variant is not described"
awk 'length > 96' out.txt | grep -q "^  Judged" && fail "its variant is not wrapped"
expect 0 "$t" describe m2d.global_threshold --json
grep -q '"variant": "Judged are' out.txt || fail "its variant is not in JSON"
expect 2 "$t" describe d2m.badnet
says "d2m.badnets"

# What a model takes is known beforehand: 3*3*16 weights and 16 biases, then 4640, 18496, 5770.
expect 0 "$t" describe cnn
says "29066 parameters"
expect 0 "$t" plan "$plans/models.yaml"
says "gpt of width 8, 2 layers: 1920 parameters"

# A bench says how near to the machine's limit a tiny model comes, and what it can be told.
expect 0 "$t" bench train --model mlp --set width=16 --set side=8 --set batch=16 --layers
says "fraction_of_gemm="
says "gemm_before="
grep -q "^dense2 " out.txt || fail "bench train --layers shows no third layer"
for mode in "" --infer; do
    expect 0 "$t" bench train --model cnn --set width=2 --set layers=1 --set side=8 $mode --json
    for word in '"fraction_of_gemm": 0.' '"gemm_after": ' '"rows_per_second": '; do says "$word"; done
    is_json "bench train $mode"
done
says '"service": {'
expect 2 "$t" bench train --set wdith=16
says "no setting 'wdith'; allowed: width, layers, "
expect 2 "$t" bench train --model vgg
says "allowed: mlp, cnn, resnet, gpt, llama, linear"
expect 0 launch -n 2 bench linalg --size 90x60
for name in svd eigen solve_spd least_squares gram; do says "operation=$name rows="; done
says "ranks=2 scalapack_seconds="
expect 0 "$t" bench linalg --size 40x50 --json
head -1 out.txt >line.txt && mv line.txt out.txt
says '"operation": "svd", "rows": 40, "columns": 50, "ranks": 1, "scalapack_seconds": '
is_json "bench linalg"
expect 2 "$t" bench linalg --size 40
says "give ROWSxCOLUMNS"
expect 2 "$t" bench gemm --size 40x50
says "--size goes with 'bench linalg' only"
expect 0 "$t" bench train --help
tr -s ' \n' ' ' <out.txt | grep -qF "changes no bit; default false" || fail "bench train --help lacks a default"
expect 2 "$t" bench trian
says "bench needs one of gemm, train, reduce, schedule and linalg, not 'trian'"

# What `new` writes runs as it is.
expect 0 "$t" new mine
expect 0 "$t" plan mine.yaml
expect 2 "$t" new mine

plan=$plans/sweep.yaml
expect 0 "$t" plan "$plan" --json
LC_ALL=C expect 0 launch -n 2 run "$plan" --set long.epochs=20 -o s.nc
says "Too few rows for: TPR at 1 % FPR"
cp out.txt run.txt
awk '{ if (length($0) > 80) exit 1 }' run.txt || fail "a line of the summary is longer than 80"
grep -q "$(printf '\033')" run.txt && fail "colours where there is no terminal"
LC_ALL=C expect 0 "$t" summary s.nc
same run.txt out.txt
expect 0 "$t" summary ./s.nc
says "threatloop effects ./s.nc"
LC_ALL=C.UTF-8 expect 0 "$t" summary s.nc
expect 0 "$t" table s.nc --csv
[ "$(wc -l <out.txt)" = 88 ] || fail "the table has $(wc -l <out.txt) lines for 87 trials"
expect 0 "$t" effects s.nc
expect 0 "$t" effects s.nc --json
says "scales"
expect 0 "$t" effects s.nc --claims
says "no hypothesis of the plan has a claim"
expect 2 "$t" effects s.nc --claims --csv
expect 0 "$t" effects s.nc -o e.nc
expect 0 ncdump -h e.nc
says "group: effects"
says "comparison ="
expect 0 "$t" effects s.nc --metric agreement_gain --factor poison
says "m2m_model_extraction_agreement_gain"
grep -q "measure_utility_accuracy:" out.txt && fail "--metric shows another metric"
grep -q "^  trend" out.txt && fail "--factor shows another factor"
expect 0 "$t" effects s.nc
says "not shown (--all)"
expect 0 "$t" effects s.nc --all
grep -q "not shown" out.txt && fail "--all hides effects"
expect 0 "$t" effects s.nc --importance --csv
says "metric,factor,share,chance,adds_up"
expect 2 "$t" effects s.nc --metric no_such
says "no metric of the file"
expect 2 "$t" effects s.nc --importance -o i.nc
expect 0 "$t" effects s.nc s.nc --csv                   # a trial counts once
cp out.txt twice.csv
expect 0 "$t" effects s.nc --csv
same out.txt twice.csv
expect 0 "$t" compare s.nc s.nc
says "paired by replicate"
says "+0 [+0, +0]"
expect 0 "$t" compare s.nc s.nc --json --metric utility_accuracy
says '"pairing": "paired"'
expect 2 "$t" compare s.nc
expect 1 "$t" compare s.nc no_such.nc
for name in attacks defenses metrics; do
    expect 0 "$t" list $name
done
expect 0 "$t" list metrics --json
/usr/bin/python3 -c 'import json, sys
for one in json.load(open(sys.argv[1]))["metrics"]: print(one["name"])' out.txt >names.txt
[ "$(wc -l <names.txt)" -ge 100 ] || fail "only $(wc -l <names.txt) metrics"
ncdump -h s.nc | sed -n 's/^\t\t\([a-z0-9_]*\):better = .*/\1/p' >>names.txt
while read -r name; do
    "$t" describe "$name" >out.txt 2>err.txt || fail "describe does not know $name"
done <names.txt
expect 0 "$t" describe auc
says "may be the metric of"
expect 0 "$t" describe d2m_badnets_success_surrogate_round2
says "d2m.badnets, when judged"
expect 2 "$t" describe acuracy
says "did you mean 'accuracy'"
expect 0 "$t" table e.nc --csv
says "trend"
expect 0 "$t" status s.run
expect 0 "$t" status s.run --json
expect 0 "$t" data list
expect 0 "$t" data info synthetic/lesions

# Which row plays which role: as many as the plan says, each in one role, and as in the run.
expect 0 "$t" data roles demo --replicate 3 --csv
cp out.txt roles.csv
for wanted in "800 pool,0" "800 pool,1" "100 validation,0" "400 attacker,0" "1000 test,0"; do
    cut -d, -f1,4 roles.csv | sort | uniq -c | grep -q "^ *$wanted\$" || fail "roles: not $wanted"
done
[ "$(tail -n +2 roles.csv | cut -d, -f2 | sort | uniq -d | wc -l)" = 0 ] || fail "a row has two roles"
expect 0 "$t" data roles demo --replicate 3
hash=$(sed -n 's/^split_hash: //p' out.txt)
expect 0 "$t" run demo --set recipe.epochs=1 --set replicates=3..3 -o r.nc
expect 0 "$t" table r.nc --csv
says "$hash"
expect 0 "$t" data roles demo --replicate 4 --csv
cmp -s out.txt roles.csv && fail "two replicates have the same roles"
expect 0 "$t" data roles demo --replicate 3 --set data.split.attacker=300 --csv
[ "$(grep -c ^attacker out.txt)" = 300 ] || fail "--set does not choose the data"
expect 2 "$t" data roles demo --replicate 8
says "--replicate is 8, but demo has the replicates 0 to 7"
expect 2 "$t" data roles demo
says "data roles needs --replicate R"
expect 2 "$t" data list --csv
expect 2 "$t" data roles dem --replicate 0
says "demo"

# A run that no launcher started outlives the shell that did.
sh -c '"$1" run idle --set replicates=20 --set idle.seconds=0.1 -o orphan.nc >orphan.txt 2>&1 &' sh "$THREATLOOP_BIN"
wait_until "the result of a run whose shell has ended" [ -e orphan.nc ]

# launch passes the program's exit status on.
expect 2 launch -n 2 frobnicate
expect 0 launch --help
expect 2 launch -n zero run demo
finish
