#!/usr/bin/env bash
# What is no regular file is refused or replaced, never waited for and never written through;
# and what a kill leaves is cleared away by the next run.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
. "$ROOT/tests/e2e/guard_lib.sh"
write_plan tiny
expect 0 "$t" run tiny.yaml -o whole.nc --quiet
mkdir -p data/text

# read_of NAME COMMAND...: a pipe, a loop of links and a device at NAME are refused
read_of() {
    local name=$1
    shift
    for kind in pipe loop device; do
        rm -rf "${name:?}" && mkdir -p "$(dirname "$name")"
        case $kind in
        pipe) mkfifo "$name" ;;
        loop) ln -s "${name##*/}" "$name" ;;
        device) ln -s /dev/zero "$name" ;;
        esac
        timeout -k 1 20 "$@" >out.txt 2>err.txt
        local code=$?
        [ "$code" = 1 ] || [ "$code" = 2 ] || fail "$kind as $name: $*: exit $code"
    done
    rm -rf "${name:?}"
}
read_of in.yaml "$t" plan in.yaml
read_of in.yaml "$t" run in.yaml
read_of in.nc "$t" table in.nc
read_of in.nc "$t" effects in.nc
read_of in.npz "$t" data info in.npz
read_of in.gz "$t" data info in.gz
for source in in.npz cifar10 mnist/t10k text/a tokens/a medmnist/breastmnist; do
    write_plan of_"${source//[\/.]/_}" "$source"
done
read_of in.npz "$t" plan of_in_npz.yaml
read_of data/text/a.txt "$t" plan of_text_a.yaml --data data
read_of data/tokens/a.bin "$t" plan of_tokens_a.yaml --data data
read_of data/cifar-10-batches-bin/data_batch_1.bin "$t" plan of_cifar10.yaml --data data
read_of data/mnist/t10k-images-idx3-ubyte "$t" plan of_mnist_t10k.yaml --data data
read_of data/medmnist/breastmnist.npz "$t" plan of_medmnist_breastmnist.yaml --data data
read_of data/medmnist/breastmnist.npz "$t" data verify breastmnist --data data
read_of from "$t" data fetch breastmnist --data data --from from

# Where it writes: neighbours of the name that used to be, or might be, in use.
host=00000000
for ending in .tmp .part ".$host.1.0.tmp"; do
    for kind in pipe link; do
        rm -rf x.nc x.run x.run.nc x.run.nc"$ending" x.nc"$ending" aside
        echo mine >aside
        if [ "$kind" = pipe ]; then mkfifo "x.nc$ending" "x.run.nc$ending"; else
            ln -s "$place/aside" "x.nc$ending" && ln -s "$place/aside" "x.run.nc$ending"
        fi
        within 60 0 "$t" run tiny.yaml -o x.nc --quiet
        same whole.nc x.nc
        [ "$(cat aside)" = mine ] || fail "$kind as x.nc$ending: written through"
    done
done
for kind in pipe link; do
    rm -rf data/medmnist && mkdir -p data/medmnist
    if [ "$kind" = pipe ]; then mkfifo data/medmnist/breastmnist.npz.part; else
        ln -s "$place/aside" data/medmnist/breastmnist.npz.part
    fi
    within 20 1 "$t" data fetch breastmnist --data data --from /etc/hostname
    says "not kept"
    [ "$(cat aside)" = mine ] || fail "fetch wrote through a $kind"
done

# The output itself, and its lock.
for name in y.nc y.run.nc y.nc.lock; do
    for kind in pipe folder loop; do
        rm -rf y.*
        case $kind in
        pipe) mkfifo "$name" ;;
        folder) mkdir "$name" ;;
        loop) ln -s "$name" "$name" ;;
        esac
        timeout -k 1 30 "$t" run tiny.yaml -o y.nc --quiet >out.txt 2>err.txt
        code=$?
        case $code in
        0) [ -f y.nc ] && [ -f y.run.nc ] || fail "$kind as $name: exit 0 and no result" ;;
        1 | 2) ;;
        *) fail "$kind as $name: exit $code" ;;
        esac
    done
done
rm -rf y.*
for command in "effects whole.nc -o" "table whole.nc -o" "new"; do
    for kind in pipe loop; do
        rm -f z.yaml
        if [ "$kind" = pipe ]; then mkfifo z.yaml; else ln -s z.yaml z.yaml; fi
        # shellcheck disable=SC2086 # words
        timeout -k 1 20 "$t" $command z.yaml >out.txt 2>err.txt
        [ $? -lt 3 ] || fail "$kind: $command z.yaml hangs"
    done
done
rm -f z.yaml

rm -rf x.* data

# What kills leave: names that are made anew each time, cleared away by the next.
for site in sync:3 rename:4 sync:9 write:5; do
    rm -rf k.*
    "$t" run tiny.yaml -o k.nc --quiet --inject "kill,after=$site" >out.txt 2>err.txt
    within 60 0 "$t" run tiny.yaml -o k.nc --resume --quiet
    same whole.nc k.nc
    nothing_left .
done
# left by the writing of the result itself, which the names tell from files of the user
: >k.nc.0123abcd.17.0.tmp && : >k.run.nc.0123abcd.17.12.tmp && : >k.run/plan.yaml.0123abcd.3.0.tmp
: >k.nc.mine.tmp && : >k.nc.0123abcd.17.tmp
within 60 0 "$t" run tiny.yaml -o k.nc --resume --quiet
[ "$(echo k.nc.*)" = "k.nc.0123abcd.17.tmp k.nc.mine.tmp" ] || fail "cleared: $(echo k.*)"
[ ! -e k.run.nc.0123abcd.17.12.tmp ] && [ ! -e k.run/plan.yaml.0123abcd.3.0.tmp ] ||
    fail "not cleared: $(echo k.run*/*)"
finish
