#!/usr/bin/env bash
# Files as people have them, where they are present (THREATLOOP_TEST_DATA).
. "${ROOT:?the checkout}/tests/e2e/lib.sh" || exit 1
data=${THREATLOOP_TEST_DATA:-}
[ -d "$data/medmnist" ] && [ -d "$data/mnist" ] || skip "no real data: set THREATLOOP_TEST_DATA"
t=$THREATLOOP_BIN
export THREATLOOP_DATA=$data
expect 0 "$t" data info mnist/t10k
says "10000"
expect 0 "$t" data info medmnist/breastmnist
says "official"
says "30 of 78 validation images, 49 of 156 test images"
expect 0 "$t" data info medmnist/adrenalmnist3d
says "1584 of 28x28x28"
says "its slices the channels"
expect 0 "$t" data info "$data/formats/cifar/retina100_as_cifar10.bin"
says "100 of 3x32x32"
expect 1 "$t" data info "$data/formats/cifar/retina100_as_cifar10.bin" --as cifar100
says "whole records of 3074"
expect 0 "$t" data info "$data/medmnist-variants/breastmnist_resaved.npz"
says "not the official"

expect 0 "$t" plan poisoning-and-privacy --data "$data"
says "128 = 8 combinations x 16 replicates"
small=(--set replicates=2 --set recipe.epochs=1)
expect 0 launch -n 2 run poisoning-and-privacy --data "$data" "${small[@]}" -o mnist.nc
says "mnist/t10k"
medical=(--set data.source=medmnist/breastmnist --set data.split=official)
expect 0 launch -n 2 run poisoning-and-privacy --data "$data" "${small[@]}" "${medical[@]}" \
    -o breast.nc
tr '\n' ' ' <out.txt | grep -q "conditional on the official split" || fail "the official split is not told"
says "Too few rows for: "
tr '\n' ' ' <out.txt | grep -q "49 of 156 test images have a near-duplicate in train" || fail "near-duplicates are not told"
volumes=(--set data.source=medmnist/adrenalmnist3d --set data.split=official)
expect 0 "$t" plan poisoning-and-privacy --data "$data" "${small[@]}" "${volumes[@]}"
finish
