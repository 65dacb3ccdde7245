#!/usr/bin/env bash
# What people read and type: levels, names and lists are never cut unseen, tables and progress
# fit the terminal, a full stdout is noticed, options do not swallow one another, names may have
# any letters but not any length, and pages for man and shells come from the option tables.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
t=$THREATLOOP_BIN
cat >plan.yaml <<'YAML'
name: text
replicates: 2
data: {source: synthetic/lesions, split: {pool: 100, keep: 0.5, validation: 20, attacker: 60, test: 80}}
model: {kind: mlp, width: 4}
recipe: {epochs: 1, batch: 16}
chain:
  - d2m.label_flip: {rate: [0, 1.2345678901234e-05, 0.30000000000000004]}
  - one_of:
      as: poison
      options:
        - none
        - [d2m.badnets: {as: a_rather_long_name_of_a_backdoor_1}, d2m.blended: {as: b_1}]
        - [d2m.badnets: {as: a_rather_long_name_of_a_backdoor_2}, d2m.blended: {as: b_2}]
  - train
  - measure.utility
YAML
levels=(1.2345678901234e-05 0.30000000000000004)

# narrower COLUMNS FILE: no line of the file, from the table on, is wider; control characters out
narrower() {
    tr -d '\r' <"$2" | sed -n '/n trials have a value:/,/more metric/p' | tail -n +2 | grep -v -e 'more metric' -e '^threatloop: ' >table.txt
    [ "$(wc -l <table.txt)" -gt 4 ] || fail "no table in $2"
    [ "$(awk '{ if (length > most) most = length } END { print most + 0 }' table.txt)" -le "$1" ] ||
        fail "a table of more than $1 columns" "$(awk -v most="$1" 'length > most' table.txt | head -1)"
}
# all_levels FILE WHERE: each level is there, whole, and no part of one
all_levels() {
    for level in "${levels[@]}"; do
        grep -q "^$level " "$1" || fail "$2: no row for the level $level"
    done
    ! grep -qE '^(2345678901234e-05|30000000000000004)' "$1" || fail "$2: a level without its beginning"
}
expect 0 "$t" run plan.yaml -o text.nc --quiet
expect 0 "$t" summary text.nc --table
narrower 100 out.txt
all_levels out.txt "in a file"
grep -qF 'a_rather_lo...door_1+b_1' out.txt || fail "a name is cut without a sign"
says "more metrics: threatloop table"

if command -v script >/dev/null && script -qec true /dev/null >/dev/null 2>&1; then
    # on_terminal COLUMNS COMMAND: its output on a terminal of that width, in terminal.txt
    on_terminal() {
        script -qec "stty cols $1; $2" /dev/null </dev/null >terminal.txt 2>&1
    }
    for columns in 40 80 200; do
        on_terminal $columns "'$t' summary text.nc --table"
        narrower $columns terminal.txt
        all_levels terminal.txt "in $columns columns"
        on_terminal $columns "'$ROOT/cluster/launch' -n 2 summary text.nc --table"
        narrower $columns terminal.txt
        on_terminal $columns "'$t' run idle --set replicates=4 --set idle.seconds=0.3 -o $columns.nc"
        tr '\r' '\n' <terminal.txt | grep -E '^[0-9]+( of [0-9]+ steps| %)' >live.txt
        [ -s live.txt ] || fail "no progress on a terminal of $columns columns"
        [ "$(awk '{ if (length > most) most = length } END { print most }' live.txt)" -lt $columns ] ||
            fail "progress wider than $columns columns: $(head -1 live.txt)"
        on_terminal $columns "'$t' list metrics; '$t' describe recipe; '$t' run --help"
        [ "$(tr -d '\r' <terminal.txt | awk '{ if (length > most) most = length } END { print most }')" -le $((columns < 60 ? 90 : columns)) ] ||
            fail "pages wider than $columns columns"
    done
else
    echo "no script(1): not looked at on a terminal"
fi

# Pages are no wider than 80 columns anywhere.
expect 0 "$t" --help
commands=$(sed -n 's/^  \([a-z]*\)  .*/\1/p' out.txt)
expect 0 "$t" list stages
stages=$(sed -n 's/^  \([a-z0-9_.]*\)  .*/\1/p' out.txt)
for page in "--help" $(for c in $commands; do echo "$c:--help"; done) $(for s in $stages data model recipe gpt; do echo "describe:$s"; done); do
    # shellcheck disable=SC2086 # words are meant
    expect 0 "$t" ${page/:/ }
    [ "$(awk 'length > 80' out.txt | wc -l)" = 0 ] || fail "$page is wider than 80 columns: $(awk 'length > 80' out.txt | head -1)"
done

# A stdout that takes nothing is an error of every command, and of a run that ended well.
full() { # NAME COMMAND...
    local code=0
    shift
    "$@" >/dev/full 2>err.txt || code=$?
    [ "$code" = 1 ] || fail "$*: exit $code with a full stdout"
    [ "$(grep -c "stdout: " err.txt)" = 1 ] || { fail "$*: a full stdout is said $(grep -c "stdout: " err.txt) times" && cat err.txt >&2; }
}
if [ -w /dev/full ]; then
    for line in "--help" "run --help" "run plan.yaml -o text.nc --quiet" "run plan.yaml --dry-run -o d.nc" "plan plan.yaml" \
        "plan plan.yaml --json" "plan plan.yaml --text" "new" "status text.run" "status text.run --json" "list" "list --json" \
        "describe cnn" "describe demo" "effects text.nc" "effects text.nc --csv" "table text.nc" "data list" \
        "data info synthetic/lesions" "data roles plan.yaml --replicate 0" "bench gemm" "manual run" "completion bash" "version"; do
        # shellcheck disable=SC2086 # words are meant
        full it "$t" $line
    done
    full it "$ROOT/cluster/launch" -n 2 run plan.yaml -o text.nc --quiet
fi

# An option without its value is an error, and takes no other.
refuse() { # WORDS COMMAND...
    local words=$1
    shift
    expect 2 "$@"
    says "$words"
    [ -z "$(find . -name '--*')" ] || fail "$*: wrote a file"
}
refuse "--output needs a value (FILE), but '--quiet' follows" "$t" run plan.yaml -o --quiet
refuse "--output needs a value (FILE), found an empty one" "$t" run plan.yaml -o ""
refuse "--data needs a value (DIR), found an empty one" "$t" run plan.yaml --data=
refuse "-o needs a value" "$t" table text.nc -o
refuse "--set needs a value (PATH=VALUE), but '--json' follows" "$t" plan plan.yaml --set --json
refuse "-n needs a value, but '--host' follows" launch -n --host run plan.yaml
refuse "--host needs a value, but '-n' follows" launch --host -n 2 run plan.yaml
refuse "--hostfile needs a value" launch --hostfile
refuse "--mpirun needs switches, found 'run'" launch --mpirun run plan.yaml
refuse "unknown option '--hosts'" launch --hosts a,b run plan.yaml

# Names too long for the file system are refused before anything is computed.
long=$(printf 'n%.0s' $(seq 250))
for line in "run plan.yaml -o $long.nc" "run plan.yaml -o x.nc --dir $long$long" "run plan.yaml -o $long" \
    "effects text.nc -o $long.nc" "table text.nc -o $long$long"; do
    # shellcheck disable=SC2086 # words are meant
    refuse "bytes; 255 are allowed there" "$t" $line
done
[ ! -e x.nc ] && [ ! -e x.run ] && [ -z "$(find . -name 'nnn*')" ] || fail "something was made under a name too long"

# A plan's file may have any name.
expect 0 "$t" new "my plan"
says "next: threatloop plan 'my plan.yaml'"
expect 0 "$t" plan "my plan.yaml"
says "my_plan"
sed 1d plan.yaml >"été à Zürich.yaml"
expect 0 "$t" run "été à Zürich.yaml" --quiet
[ -s ete_a_Zurich.nc ] && [ -d ete_a_Zurich.run ] || fail "no result of a plan with accents: $(ls)"
cp "été à Zürich.yaml" "日本.yaml"
refuse "give the plan one, like name: my_plan" "$t" run "日本.yaml"
refuse "'$(printf 'x%.0s' $(seq 29))...$(printf 'x%.0s' $(seq 28))'" "$t" run plan.yaml --set "name=$(printf 'x%.0s' $(seq 300))"

# Numbers of spreadsheets in many countries.
expect 0 "$t" table text.nc --sep ';' --decimal ,
grep -q '^0;none;1;1;done;' out.txt || fail "no rows parted by ;"
grep -q '^0,30000000000000004;' out.txt || fail "no decimal comma"
grep -q '[0-9]\.[0-9]' out.txt && fail "a decimal point is left"
expect 0 "$t" table text.nc --sep tab
grep -q "^0	none	1	1	done" out.txt || fail "no rows parted by tabs"
refuse "--decimal , is also what separates values" "$t" table text.nc --decimal ,
refuse "--sep 5: give one character" "$t" table text.nc --sep 5

# Pages for man, and completion, from the tables.
expect 0 "$t" manual -o .
for command in $commands; do
    [ -s "threatloop-$command.1" ] || fail "no manual page of $command"
    grep -qF ".BR threatloop\\-$command (1)" threatloop.1 || fail "threatloop(1) does not name $command"
    for option in $("$t" "$command" --help | sed -n 's/^  \(-.,\)\{0,1\} *--\([a-z-]*\).*/\2/p'); do
        grep -qF -- "--${option}" <(sed 's/\\-/-/g' "threatloop-$command.1") || fail "threatloop-$command(1) lacks --$option"
    done
    if command -v groff >/dev/null; then
        groff -man -ww -z "threatloop-$command.1" 2>roff.txt || true
        [ ! -s roff.txt ] || fail "threatloop-$command.1: $(head -1 roff.txt)"
    fi
done
expect 0 "$t" completion bash
mv out.txt completion.sh
# complete_words WORD...: what bash offers for the last word
complete_words() {
    bash -c '. ./completion.sh && COMP_WORDS=(threatloop "$@") COMP_CWORD=$# && _threatloop && printf "%s\n" "${COMPREPLY[@]}"' bash "$@"
}
complete_words ru | grep -qx run || fail "no completion of commands"
complete_words run --dr | grep -qx -- --dry-run || fail "no completion of options"
complete_words run medm | grep -qx medmnist-loop || fail "no completion of shipped plans"
complete_words run "my p" | grep -qx "my plan.yaml" || fail "no completion of files with blanks"
complete_words describe d2m.badn | grep -qx d2m.badnets || fail "no completion of stages"
complete_words run -o text.n | grep -qx text.nc || fail "no completion of an option's file"
[ -z "$(complete_words run --set re)" ] || fail "what --set takes is completed"
for shell in zsh fish; do
    expect 0 "$t" completion $shell
    ! command -v $shell >/dev/null || $shell -n out.txt || fail "$shell does not take its completion"
done
refuse "bash, zsh or fish, not 'csh'" "$t" completion csh

# Messages that led nowhere.
expect 1 "$t" data info breastmnist --data .
says "medmnist/breastmnist (got by threatloop data fetch)"
expect 1 "$t" plan plan.yaml --set data.source=mnist/t10k --data .
says "its files are at https://"
refuse "unknown data source 'breastmnist' (did you mean 'medmnist/breastmnist'?)" "$t" plan plan.yaml --set data.source=breastmnist
if [ -x /usr/bin/python3 ]; then
    /usr/bin/python3 "$plans/make_images.py" npz two.npz
    /usr/bin/python3 - <<'PYTHON'
import zipfile
with zipfile.ZipFile("two.npz") as old, zipfile.ZipFile("one.npz", "w") as new:
    for name in old.namelist():
        data = old.read(name)
        new.writestr(name, data[:128] + bytes(len(data) - 128) if "labels" in name else data)
PYTHON
    expect 2 "$t" plan plan.yaml --set data.source=one.npz
    says "all rows of one.npz have one label"
fi
finish
