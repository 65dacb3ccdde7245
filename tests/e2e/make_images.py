"""Writes small images, made here: make_images.py idx DIR, or npz FILE."""
import gzip
import io
import random
import struct
import sys
import zipfile

draw = random.Random(1)


def rows(count, side):
    """Pixels and labels of images whose brightness is their class, of two."""
    labels = bytes(i % 2 for i in range(count))
    pixels = bytes(60 * label + draw.randrange(120) for label in labels for _ in range(side * side))
    return pixels, labels


def npy(shape, data):
    head = "{'descr': '|u1', 'fortran_order': False, 'shape': %r, }" % (shape,)
    head = head.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + data


if sys.argv[1] == "idx":
    pixels, labels = rows(400, 8)
    with gzip.open(sys.argv[2] + "/t10k-images-idx3-ubyte.gz", "wb") as file:
        file.write(struct.pack(">4I", 0x803, 400, 8, 8) + pixels)
    with gzip.open(sys.argv[2] + "/t10k-labels-idx1-ubyte.gz", "wb") as file:
        file.write(struct.pack(">2I", 0x801, 400) + labels)
else:
    with zipfile.ZipFile(sys.argv[2], "w") as archive:
        for split in "train", "val", "test":
            pixels, labels = rows(400, 8)
            archive.writestr(split + "_images.npy", npy((400, 8, 8), pixels))
            archive.writestr(split + "_labels.npy", npy((400, 1), labels))
