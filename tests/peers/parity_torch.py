"""Compares loss and gradients that parity.c left in a folder with PyTorch's:

    parity_torch.py DIR

For each tensor ||ours - exact|| / ||exact||, where exact is PyTorch in double precision,
and beside it the same of PyTorch in single precision. Exit 1 where the loss is off by more
than 1e-5 of itself, or a gradient by more than 1e-4.
"""
import json
import struct
import sys

import torch

import peer_models

LOSS_LIMIT, GRADIENT_LIMIT = 1e-5, 1e-4


def read_floats(path):
    with open(path, "rb") as file:
        return torch.frombuffer(bytearray(file.read()), dtype=torch.float32)


def read_model(path):
    """Tensors of a safetensors file: a length, a JSON header, the buffer."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        buffer = torch.frombuffer(bytearray(file.read()), dtype=torch.float32)
    del header["__metadata__"]
    table = {}
    for name, entry in header.items():
        begin, end = (at // 4 for at in entry["data_offsets"])
        table[name] = buffer[begin:end].reshape(entry["shape"])
    return table


def read_batch(folder, index):
    with open(f"{folder}/label.i32", "rb") as file:
        label = torch.frombuffer(bytearray(file.read()), dtype=torch.int32).long()
    x = read_floats(f"{folder}/input.f32").reshape(index["rows"], *index["shape"])
    if index["kind"] in peer_models.READS_TOKENS:
        x = x.flatten(1).long()
    return x, label


def gradients(table, index, x, label, dtype):
    """Loss and gradient by name, computed in `dtype`."""
    own = {name: t.to(dtype).clone().requires_grad_(True) for name, t in table.items()}
    if x.is_floating_point():
        x = x.to(dtype)
    loss = peer_models.loss_of(peer_models.Weights(own), index, x, label)
    loss.backward()
    return loss.item(), {name: t.grad.double() for name, t in own.items()}


def main():
    folder = sys.argv[1]
    torch.set_num_threads(1)
    with open(f"{folder}/index.json", encoding="utf-8") as file:
        index = json.load(file)
    table = read_model(f"{folder}/model.safetensors")
    x, label = read_batch(folder, index)
    exact_loss, exact = gradients(table, index, x, label, torch.float64)
    single_loss, single = gradients(table, index, x, label, torch.float32)
    ours = read_floats(f"{folder}/gradient.f32").double()
    off = abs(index["loss"] / exact_loss - 1)
    is_good = off <= LOSS_LIMIT
    print(f"model={index['kind']} loss={index['loss']:.9f} off={off:.1e} "
          f"torch_float32_off={abs(single_loss / exact_loss - 1):.1e}")
    worst = 0.0
    for entry in index["tensors"]:
        name, size = entry["name"], exact[entry["name"]].norm()
        mine = ours[entry["at"]:entry["at"] + entry["count"]].reshape(exact[name].shape)
        error = ((mine - exact[name]).norm() / size).item()
        theirs = ((single[name] - exact[name]).norm() / size).item()
        print(f"model={index['kind']} tensor={name} off={error:.1e} "
              f"torch_float32_off={theirs:.1e}")
        is_good = is_good and error <= GRADIENT_LIMIT  # NaN is not good either
        worst = max(worst, error)
    print(f"model={index['kind']} worst={worst:.1e} parity={'yes' if is_good else 'NO'}")
    sys.exit(not is_good)


if __name__ == "__main__":
    main()
