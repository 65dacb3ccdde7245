"""The work of shadow.yaml in PyTorch, by a loop over the models on PROCESSES processes:

    shadow_torch.py DATA MODELS PROCESSES

DATA holds mnist/t10k-*.gz. A target and MODELS shadow models are trained, each on its own
random half of 5,000 rows, and asked about all of them. Prints one JSON object.
"""
import gzip
import json
import multiprocessing
import statistics
import sys
import time

import torch

import peer_models

POOL, EPOCHS = 5000, 15
SPEC = peer_models.read_spec("cnn", ["width=16", "batch=64"])


def read_mnist(folder):
    with gzip.open(f"{folder}/mnist/t10k-images-idx3-ubyte.gz") as file:
        pixel = torch.frombuffer(bytearray(file.read()[16:]), dtype=torch.uint8)
    with gzip.open(f"{folder}/mnist/t10k-labels-idx1-ubyte.gz") as file:
        label = torch.frombuffer(bytearray(file.read()[8:]), dtype=torch.uint8)
    return pixel.reshape(-1, 1, 28, 28)[:POOL].float() / 255, label[:POOL].long()


def train(x, label, seed):
    """Trains one model; its accuracy on the half that it has not seen."""
    torch.manual_seed(seed)
    mine, others = torch.randperm(POOL).split(POOL // 2)
    weights = peer_models.Weights()
    peer_models.loss_of(weights, SPEC, x[:1], label[:1])
    optimizer = peer_models.optimizer_of(SPEC, list(weights.table.values()))
    for _ in range(EPOCHS):
        for batch in mine[torch.randperm(len(mine))].split(SPEC["batch"]):
            optimizer.zero_grad(set_to_none=True)
            peer_models.loss_of(weights, SPEC, x[batch], label[batch]).backward()
            optimizer.step()
    with torch.no_grad():
        weights.restart()
        right = peer_models.cnn(weights, SPEC, x).argmax(1) == label
    return right[others].float().mean().item()


def train_share(job):
    folder, seeds = job
    torch.set_num_threads(1)
    x, label = read_mnist(folder)
    return [train(x, label, seed) for seed in seeds]


def main():
    folder, models, processes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    begin = time.perf_counter()
    shares = [(folder, range(first, models + 1, processes)) for first in range(processes)]
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        accuracies = sum(pool.map(train_share, shares, chunksize=1), [])
    print(json.dumps({"models": len(accuracies), "seconds": time.perf_counter() - begin,
                      "accuracy": statistics.mean(accuracies)}))


if __name__ == "__main__":
    main()
