/* MNIST: two bytes measure the file of images, the rest is that of labels. */
#include "compute/data/mnist.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    fuzz_bytes from = {bytes, n};
    const fuzz_bytes images = fuzz_measured(&from);
    (void)fuzz_file("mnist/t10k-images-idx3-ubyte", images.at, images.left);
    (void)fuzz_file("mnist/t10k-labels-idx1-ubyte", from.at, from.left);
    tl_arena arena = tl_arena_open(FUZZ_MEMORY);
    tl_source source = {0};
    tl_err err;
    if (tl_mnist_read("mnist/t10k", fuzz_folder(), &arena, &source, &err) == TL_OK) {
        for (int i = 0; i < source.all.rows; i++) {
            TL_INVARIANT(source.all.label[i] >= 0 && source.all.label[i] <= 9);
        }
    }
    tl_arena_close(&arena);
    return 0;
}
