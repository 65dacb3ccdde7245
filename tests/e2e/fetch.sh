#!/usr/bin/env bash
# data fetch and verify against a server on this machine: what is right is kept, what is not
# leaves nothing behind. The file that is right is the real one, where it is present
# (THREATLOOP_TEST_DATA); the failures need none.
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
[ -x /usr/bin/python3 ] || skip "no /usr/bin/python3 to serve files"
t=$THREATLOOP_BIN
real=${THREATLOOP_TEST_DATA:-}/medmnist/breastmnist.npz
md5=750601b1f35ba3300ea97c75c52ff8f6
export no_proxy='*' NO_PROXY='*' XDG_CACHE_HOME=$place/cache

mkdir served
printf 'no official file, but of some length' >served/retinamnist.npz
[ -f "$real" ] && cp "$real" served/breastmnist.npz
/usr/bin/python3 "$ROOT/tests/e2e/http_server.py" served port &
server=$!
trap 'kill "$server" 2>/dev/null; cleanup' EXIT
wait_until "the server" test -s port || finish
base=http://127.0.0.1:$(cat port)
mirror() { export THREATLOOP_MIRROR=$base/$1; }

# refuse CODE "WORDS" ARGUMENTS...: data fetch fails, and nothing is left in `d`
refuse() {
    local code=$1 words=$2
    shift 2
    expect "$code" "$t" data fetch "$@" --data d
    says "$words"
    [ ! -s out.txt ] || fail "fetch $*: printed a result"
    [ ! -e d ] || { fail "fetch $*: left $(find d)" && rm -rf d; }
}
mirror files
refuse 1 "404" bloodmnist
refuse 1 "official file has bd4c0672f1bba3e3a89f0e4e876791e4" retinamnist
says "has MD5 $(md5sum <served/retinamnist.npz | cut -d' ' -f1)"
refuse 1 "official file has 8f4eceb4" pneumoniamnist --size 64 --from served/retinamnist.npz
refuse 1 "absent.npz: cannot be opened" retinamnist --from absent.npz
refuse 1 "served: is a folder, not a file" retinamnist --from served
refuse 2 "did you mean 'breastmnist'" brestmnist
refuse 2 "28 and 64" organmnist3d --size 128
refuse 2 "28, 64, 128 and 224" breastmnist --size 100
refuse 2 "is not fetched, but read where you put it: its binary version is at" cifar10
refuse 2 "its files are at https://" mnist/t10k
refuse 2 "give a whole number" breastmnist --size many
mirror short
refuse 1 "retinamnist.npz: transfer closed with" retinamnist
mirror round
refuse 1 "redirect" retinamnist
export THREATLOOP_MIRROR=file://$place/served
refuse 1 "rotocol" retinamnist
export THREATLOOP_MIRROR=http://127.0.0.1:9
refuse 1 "127.0.0.1 port 9" retinamnist
expect 2 "$t" data list --size 64
expect 2 "$t" data fetch

# A folder that cannot be written, and one whose place a file has.
mirror files
: >taken
expect 1 "$t" data fetch retinamnist --data taken
says "the folder of taken/medmnist/retinamnist.npz cannot be created"
if [ "$(id -u)" != 0 ]; then
    mkdir -m 500 locked
    expect 1 "$t" data fetch retinamnist --data locked
    says "cannot be created"
fi

# A signal while it waits: cleared away, then the program ends by it.
mirror slow
"$t" data fetch retinamnist --data d >out.txt 2>err.txt &
fetch=$!
has_begun() { [ -n "$(find d -name "retinamnist.npz.*.tmp" -size +0)" ]; }
wait_until "the slow fetch to write" has_begun
expect 1 "$t" data fetch retinamnist --data d
says "retinamnist.npz is in use by process $fetch"
kill -TERM "$fetch"
wait "$fetch"
[ $? = 143 ] || fail "a fetch that got TERM ended otherwise"
[ ! -e d ] || fail "a fetch that got TERM left $(find d)"

# What was there stays when a fetch fails.
mkdir -p d/medmnist
echo mine >d/medmnist/retinamnist.npz
mirror files
expect 1 "$t" data fetch retinamnist --data d
[ "$(cat d/medmnist/retinamnist.npz)" = mine ] || fail "a failed fetch took what was there"
[ "$(ls d/medmnist)" = retinamnist.npz ] || fail "a failed fetch left $(ls d/medmnist)"
expect 1 "$t" data verify --data d
says "wrong    medmnist/retinamnist"
expect 1 "$t" data verify bloodmnist --data d
says "absent   medmnist/bloodmnist"
expect 2 "$t" data verify nosuchset --data d
rm -r d

[ -f served/breastmnist.npz ] || finish
for way in files moved; do
    mirror $way
    expect 0 "$t" data fetch breastmnist --data d
    says "fetched (MD5 $md5)"
    says "licence: CC BY 4.0"
    says "cite: "
    same "$real" d/medmnist/breastmnist.npz
    [ "$(ls d/medmnist)" = breastmnist.npz ] || fail "fetch left $(ls d/medmnist)"
    [ $way = moved ] || rm -r d
done
export THREATLOOP_MIRROR=$base/nowhere # present already: nothing is asked for
expect 0 "$t" data fetch medmnist/breastmnist --size 28 --data d
says "is up to date"
expect 0 "$t" data verify --data d
says "right    medmnist/breastmnist"
expect 0 "$t" data list --data d
grep -q "^medmnist/breastmnist *28 " out.txt || fail "data list does not see the file"
expect 0 "$t" data info medmnist/breastmnist --data d
says "30 of 78 validation images"

# By hand, into THREATLOOP_DATA, in the place of a damaged file.
mkdir -p hand/medmnist
head -c 1000 "$real" >hand/medmnist/breastmnist.npz
THREATLOOP_DATA=hand expect 0 "$t" data fetch breastmnist --from "$real"
says "had another content and was replaced"
same "$real" hand/medmnist/breastmnist.npz

# Without either, it goes to the user's cache folder.
mirror files
expect 0 "$t" data fetch breastmnist
same "$real" cache/threatloop/medmnist/breastmnist.npz
expect 0 "$t" data info medmnist/breastmnist
finish
