"""The rate of PyTorch at what `threatloop bench train` does, one thread:

    train_torch.py MODEL [NAME=VALUE]...

Medians over blocks of whole updates, a second or more each. Prints one JSON object.
"""
import json
import statistics
import sys
import time

import torch

import peer_models

BLOCKS, BATCHES, LEAST_UPDATES = 5, 8, 3


def draw(spec):
    """Random rows, a few batches of them, and labels."""
    torch.manual_seed(1)
    rows = BATCHES * spec["batch"]
    if spec["kind"] in peer_models.READS_TOKENS:
        text = torch.randint(spec["vocabulary"], (rows, spec["context"] + 1))
        return text[:, :-1].contiguous(), text[:, 1:].contiguous()
    return (torch.rand(rows, spec["channels"], spec["side"], spec["side"]),
            torch.randint(spec["classes"], (rows,)))


def run_block(step, least):
    """Seconds of an update, by the clock on the wall and of the core."""
    updates, begin, begin_cpu = 0, time.perf_counter(), time.process_time()
    while updates < LEAST_UPDATES or time.perf_counter() - begin < least:
        step()
        updates += 1
    return ((time.perf_counter() - begin) / updates,
            (time.process_time() - begin_cpu) / updates)


def main():
    torch.set_num_threads(1)
    spec = peer_models.read_spec(sys.argv[1], sys.argv[2:])
    x, label = draw(spec)
    weights = peer_models.Weights()
    peer_models.loss_of(weights, spec, x[:1], label[:1])
    optimizer = peer_models.optimizer_of(spec, list(weights.table.values()))

    def step():
        row = torch.randint(len(x), (spec["batch"],))
        optimizer.zero_grad(set_to_none=True)
        peer_models.loss_of(weights, spec, x[row], label[row]).backward()
        optimizer.step()

    run_block(step, 0.3)
    blocks = [run_block(step, 1.0) for _ in range(BLOCKS)]
    wall, cpu = (statistics.median(b[i] for b in blocks) for i in (0, 1))
    print(json.dumps({"rows_per_second": spec["batch"] / wall, "running": cpu / wall,
                      "torch": torch.__version__}))


if __name__ == "__main__":
    main()
