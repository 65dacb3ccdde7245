#!/usr/bin/env bash
# An output never replaces what is read, nor without --force what this plan did not write;
# and two commands do not write one output at once.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
. "$ROOT/tests/e2e/guard_lib.sh"
[ -x /usr/bin/python3 ] || skip "no /usr/bin/python3 to write images with"
write_plan tiny
write_plan another
/usr/bin/python3 "$plans/make_images.py" npz images.npz
mkdir -p data/mnist && /usr/bin/python3 "$plans/make_images.py" idx data/mnist
write_plan of_npz "[synthetic/lesions, images.npz]"
write_plan of_mnist mnist/t10k
expect 0 "$t" run tiny.yaml -o a.nc --quiet
expect 0 "$t" run another.yaml -o b.nc --quiet
expect 0 "$t" effects a.nc -o e.nc

# kept CODE WORDS FILE COMMAND...: refused with WORDS, and FILE is as it was
kept() {
    local code=$1 words=$2 file=$3 before
    shift 3
    before=$(md5sum <"$file")
    expect "$code" "$@"
    says "$words"
    [ "$before" = "$(md5sum <"$file")" ] || fail "$*: $file was overwritten"
    [ ! -e new.run ] || { fail "$*: refused after it began" && rm -rf new.run; }
}
# What is read, however it is spelt, --force or not.
ln -s a.nc link.nc && ln a.nc hard.nc
labels=$(find data/mnist -name '*labels*')
for force in "" --force; do
    for to in a.nc ./a.nc "$place/a.nc" link.nc hard.nc; do
        # shellcheck disable=SC2086 # a word or none
        kept 2 "which is read" a.nc "$t" effects a.nc -o "$to" $force
        kept 2 "which is read" a.nc "$t" table a.nc -o "$to" $force
    done
    kept 2 "which is read" b.nc "$t" effects a.nc b.nc -o b.nc $force
    kept 2 "which is read" tiny.yaml "$t" run tiny.yaml -o tiny.yaml --dir new.run $force
    kept 2 "which is read" images.npz "$t" run of_npz.yaml -o images.npz --dir new.run $force
    kept 2 "which is read" "$labels" "$t" run of_mnist.yaml --data data -o "$labels" --dir new.run $force
    kept 2 "which is read" a.run/journal.ndjson "$t" run tiny.yaml --resume --dir a.run \
        -o a.run/journal.ndjson $force
done
# What is not this plan's, with this seed.
echo "a letter" >letter.txt
kept 2 "exists and is 'another' with seed 1" b.nc "$t" run tiny.yaml -o b.nc --dir new.run
kept 2 "not 'tiny' with seed 2" a.nc "$t" run tiny.yaml --set seed=2 -o a.nc --dir new.run
kept 2 "exists and is 'effects of tiny' with seed 1" e.nc "$t" run tiny.yaml -o e.nc --dir new.run
kept 2 "no result file" letter.txt "$t" run tiny.yaml -o letter.txt --dir new.run
kept 2 "no result file" another.yaml "$t" run tiny.yaml -o another.yaml --dir new.run
kept 2 "exists and is 'another' with seed 1" b.nc "$t" effects a.nc -o b.nc
kept 2 "exists" letter.txt "$t" table a.nc -o letter.txt
cp a.nc c.run.nc
kept 2 "c.run.nc exists and is 'tiny'" c.run.nc "$t" run tiny.yaml -o c.nc --dir new.run
# With --force it is replaced; what is this plan's needs none.
expect 0 "$t" run tiny.yaml -o letter.txt --dir forced.run --force --quiet
same a.nc letter.txt
expect 0 "$t" run tiny.yaml -o a.nc --resume --quiet
same a.nc letter.txt
expect 0 "$t" effects a.nc -o e.nc
expect 0 "$t" effects a.nc -o b.nc --force
expect 0 "$t" table a.nc -o t.csv
expect 0 "$t" table a.nc -o t.csv --force
expect 0 "$t" table a.nc
same out.txt t.csv

# Two runs, one output: the second is refused when it starts, and the first does not notice.
"$t" run idle --set replicates=600 --set idle.seconds=0.1 -o one.nc --dir first.run >out1.txt 2>err1.txt &
first=$!
wait_for_steps first.run/journal.ndjson 1
expect 1 "$t" run tiny.yaml -o one.nc --dir second.run --quiet
says "one.nc is in use by process $first on host"
[ ! -e second.run ] || fail "the second run began"
for command in "effects a.nc" "table a.nc"; do
    # shellcheck disable=SC2086 # words
    expect 1 "$t" $command -o one.nc
    says "one.nc is in use by process $first"
done
expect 1 "$t" run tiny.yaml -o ./one.nc --dir second.run --force --quiet
kill -USR1 "$first"
wait "$first"
code=$?
[ "$code" = 75 ] || fail "the first run ended with $code"
expect 0 "$t" table one.nc
# A killed one holds nothing.
"$t" run idle --set replicates=600 --set idle.seconds=0.1 -o two.nc --dir third.run >out1.txt 2>err1.txt &
first=$!
wait_for_steps third.run/journal.ndjson 1
kill -KILL "$first"
wait "$first" 2>/dev/null
[ -e two.nc.lock ] || fail "no lock was there"
expect 0 "$t" run tiny.yaml -o two.nc --dir second.run --quiet
rm -r third.run
nothing_left .
# Beside a name that only looks alike, nothing is touched.
echo mine >three.nc.lock
expect 1 "$t" run tiny.yaml -o three.nc --dir second.run --resume --quiet
says "three.nc.lock is in the way"
[ "$(cat three.nc.lock)" = mine ] || fail "a file of the user was taken for a lock"
finish
