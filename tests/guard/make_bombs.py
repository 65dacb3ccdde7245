"""Files that are small outside and huge inside: usage: make_bombs.py FOLDER

Deflate packs zeros about 1000 to 1, and a whole block of them is packed once and repeated, so
that gigabytes take no time. NetCDF variables that are never written take no bytes at all.
"""
import functools
import os
import struct
import sys
import zlib

import netCDF4
import numpy

MIB = 1 << 20
os.chdir(sys.argv[1])


@functools.cache
def packed(head, size):
    """(deflated, crc) of `head` and zeros up to `size` bytes."""
    pack = zlib.compressobj(9, zlib.DEFLATED, -15)
    count, rest = divmod(size - len(head), MIB)
    zeros = bytes(MIB)
    start = pack.compress(head + bytes(rest)) + pack.flush(zlib.Z_FULL_FLUSH)
    once = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = once.compress(zeros) + once.flush(zlib.Z_FULL_FLUSH)
    crc = zlib.crc32(head + bytes(rest))
    for _ in range(count):
        crc = zlib.crc32(zeros, crc)
    return start + block * count + pack.flush(), crc


def npy(shape, kind="|u1", fortran=False):
    text = f"{{'descr': '{kind}', 'fortran_order': {fortran}, 'shape': {shape!r}, }}"
    text += " " * (63 - (10 + len(text)) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def npz(path, members):
    """Writes an npz of (name, header, bytes of elements)."""
    with open(path, "wb") as file:
        listed = b""
        for name, head, size in members:
            body, crc = packed(head, len(head) + size)
            name = name.encode()
            whole = len(head) + size
            fixed = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0, crc, len(body), whole, len(name), 0)
            listed += b"PK\1\2" + struct.pack("<H", 20) + fixed
            listed += struct.pack("<HHHII", 0, 0, 0, 0, file.tell()) + name
            file.write(b"PK\3\4" + fixed + name + body)
        at, count = file.tell(), len(members)
        file.write(listed)
        file.write(b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, count, count, len(listed), at, 0))


def images(rows, kind="|u1", fortran=False, label="|u1"):
    out = []
    for name, n in (("train", rows), ("val", 20), ("test", 20)):
        size = numpy.dtype(kind).itemsize
        out.append((f"{name}_images.npy", npy((n, 28, 28), kind, fortran), n * 784 * size))
        out.append((f"{name}_labels.npy", npy((n, 1), label), n * numpy.dtype(label).itemsize))
    return out


HUGE = 1300000  # rows of 28x28: a gigabyte, and four as floats
npz("images.npz", images(HUGE))
npz("fortran.npz", images(HUGE, fortran=True))
npz("labels.npz", images(200, label="<f8") + [])
npz("unneeded.npz", images(200) + [("other.npy", npy((1 << 30,)), 1 << 30)])
npz("many.npz", [(f"a{i}.npy", npy((1 << 31,)), 1 << 31) for i in range(4)])
npz("wide.npz", [("train_images.npy", npy((1, 1 << 15, 1 << 15)), 1 << 30)] + images(20)[1:])


def gzip(path, head, size):
    body, crc = packed(head, size)
    with open(path, "wb") as file:
        file.write(b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + body)
        file.write(struct.pack("<II", crc, size & 0xFFFFFFFF))


os.makedirs("mnist", exist_ok=True)
gzip("mnist/t10k-images-idx3-ubyte.gz", struct.pack(">IIII", 0x803, HUGE, 28, 28), 16 + HUGE * 784)
gzip("mnist/t10k-labels-idx1-ubyte.gz", struct.pack(">II", 0x801, HUGE), 8 + HUGE)


def netcdf(name, trials, make):
    """A result file by name, whose variables `make` adds; padded, so that it could hold them."""
    with netCDF4.Dataset(name, "w") as file:
        file.source = "threatloop 0.1.0"
        file.Conventions = "CF-1.10"
        file.createDimension("trial", trials)
        make(file)
        file.padding = "x" * (8 * MIB)


def columns(count):
    def make(file):
        for i in range(count):
            file.createVariable(f"m{i}", "f8", ("trial",), zlib=True, chunksizes=(65536,))

    return make


def texts(count, width):
    def make(file):
        file.createDimension("w", width)
        for i in range(count):
            file.createVariable(f"t{i}", "S1", ("trial", "w"), zlib=True, chunksizes=(64, width))

    return make


def chunk(file):
    """One chunk, which the library must hold whole."""
    variable = file.createVariable("m", "f8", ("trial",), zlib=True, chunksizes=(100000000,))
    variable[:10] = 1.0


netcdf("columns.nc", 1 << 22, columns(200))
netcdf("texts.nc", 1 << 16, texts(8, 4000))
netcdf("wide.nc", 1 << 15, texts(1, 60000))
netcdf("chunk.nc", 100000000, chunk)
netcdf("trials.nc", (1 << 27) - 1, columns(5))

# A header of tensors that takes thirty times its bytes as a tree
text = b'{"a":[' + b"1," * (20 * MIB) + b"1]}"
with open("tensors.safetensors", "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text)
