"""Empty tasks a second through mpi4py.futures, one at a time: futures_map.py [TASKS]

Run it as `mpirun -n 2 python3 -m mpi4py.futures futures_map.py`. Prints one JSON object.
"""
import json
import sys
import time

from mpi4py import MPI
from mpi4py.futures import MPIPoolExecutor


def nothing(number):
    return number


if __name__ == "__main__":
    tasks = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    with MPIPoolExecutor() as pool:
        list(pool.map(nothing, range(100)))
        begin = time.perf_counter()
        done = sum(1 for _ in pool.map(nothing, range(tasks), chunksize=1))
        seconds = time.perf_counter() - begin
    assert done == tasks
    print(json.dumps({"ranks": MPI.COMM_WORLD.size, "tasks": tasks,
                      "tasks_per_second": round(tasks / seconds)}))
