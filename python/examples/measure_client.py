"""What the client costs: CPU seconds of this process per GiB delivered untouched, and the hand-off latency.

    PYTHONPATH=python python3 python/examples/measure_client.py 'shards/train-{000..003}.tar' --fields jpg --gib 4

"Untouched" means that each batch's columns are made as views and the batch is released; no byte of the payload is read.
Hand-off runs from the sidecar's publication to the loop having the batch, over batches the loop was waiting for. Prints one JSON
object. Memory figures are of this process.
"""

import argparse
import json
import resource
import time

import penstock


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", nargs="+")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--fields", nargs="*", help="fields to deliver; all if left out")
    parser.add_argument("--shuffle", default="none")
    parser.add_argument("--gib", type=float, default=4, help="how much to deliver")
    parser.add_argument("--run-dir", help="join this sidecar; else a private one is started")
    parser.add_argument("--memory", help="budget of a private sidecar")
    parser.add_argument("--cpus", type=int, help="CPUs of a private sidecar")
    args = parser.parse_args()
    options = {"run_dir": args.run_dir, "memory": args.memory, "cpus": args.cpus}
    with penstock.Loader(args.dataset, args.batch_size, fields=args.fields, shuffle=args.shuffle, **options) as loader:
        len(loader)  # opened, so that start-up is not measured
        wanted = args.gib * 2**30
        began, cpu = time.perf_counter(), time.process_time()
        delivered = 0
        while delivered < wanted:
            for batch in loader:
                for name in batch.fields:
                    batch[name]
                delivered += batch.nbytes
                batch.release()
                if delivered >= wanted:
                    break
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu
        print(
            json.dumps(
                {
                    "gib": delivered / 2**30,
                    "seconds": wall,
                    "gb_per_second": delivered / wall / 1e9,
                    "client_cpu_seconds_per_gib": cpu / (delivered / 2**30),
                    "max_resident_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                    **loader.stats(),
                }
            )
        )


if __name__ == "__main__":
    main()
