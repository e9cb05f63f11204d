"""Trains a small classifier on PNG pictures fed by Penstock; with PyTorch when it is installed, else with numpy.

    python3 train_pictures.py 'shards/pictures-{000000..000007}.tar' --seconds 8

The samples have the fields ``png`` (32 x 32 RGB) and ``cls`` (the label as text). The last line is a summary in JSON.
"""

import argparse
import json
import struct
import sys
import time
import zlib

import numpy as np

import penstock

SIDE, KINDS = 32, 10


def decode(png):
    """An 8-bit RGB PNG as an array of height x width x 3: straight for rows without filters, else by Pillow."""
    data, at, deflated = memoryview(png), 8, b""
    width = height = 0
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = bytes(data[at + 4 : at + 8]), data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height = struct.unpack_from(">II", body)
        elif kind == b"IDAT":
            deflated += bytes(body)
        at += 12 + length
    rows = np.frombuffer(zlib.decompress(deflated), np.uint8).reshape(height, 1 + 3 * width)
    if rows[:, 0].any():
        import io

        from PIL import Image  # filtered rows need a real decoder

        return np.asarray(Image.open(io.BytesIO(bytes(data))).convert("RGB"))
    return rows[:, 1:].reshape(height, width, 3)


def pictures(batch):
    """The batch's pictures as rows of grey values between 0 and 1, and its labels."""
    grey = np.stack([decode(png) for png in batch["png"]]).mean(axis=3, dtype=np.float32)
    return grey.reshape(len(batch), SIDE * SIDE) / 255, batch["cls"].astype(np.int64)


class NumpyModel:
    """One hidden layer, trained by gradient descent with momentum."""

    name = f"numpy {np.__version__}"

    def __init__(self, hidden=128, rate=0.05, momentum=0.9):
        random = np.random.default_rng(0)
        sizes = [(SIDE * SIDE, hidden), (hidden, KINDS)]
        self.weights = [random.normal(0, (2 / a) ** 0.5, (a, b)).astype(np.float32) for a, b in sizes]
        self.weights += [np.zeros(b, np.float32) for _, b in sizes]
        self.speeds = [np.zeros_like(w) for w in self.weights]
        self.rate, self.momentum = rate, momentum

    def step(self, x, labels):
        """One step; returns loss and accuracy before it."""
        w1, w2, b1, b2 = self.weights
        hidden = np.maximum(x @ w1 + b1, 0)
        scores = hidden @ w2 + b2
        scores -= scores.max(axis=1, keepdims=True)
        likely = np.exp(scores)
        likely /= likely.sum(axis=1, keepdims=True)
        row = np.arange(len(x))
        loss = -np.log(likely[row, labels] + 1e-9).mean()
        right = (scores.argmax(axis=1) == labels).mean()
        likely[row, labels] -= 1
        error = likely / len(x)
        back = (error @ w2.T) * (hidden > 0)
        for i, slope in enumerate((x.T @ back, hidden.T @ error, back.sum(axis=0), error.sum(axis=0))):
            self.speeds[i] = self.momentum * self.speeds[i] - self.rate * slope
            self.weights[i] += self.speeds[i]
        return float(loss), float(right)


class TorchModel:
    """The same model in PyTorch."""

    def __init__(self, torch, hidden=128):
        self.torch, self.name = torch, f"PyTorch {torch.__version__}"
        torch.manual_seed(0)
        self.net = torch.nn.Sequential(
            torch.nn.Linear(SIDE * SIDE, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, KINDS)
        )
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.05, momentum=0.9)

    def step(self, x, labels):
        """One step; returns loss and accuracy before it."""
        torch = self.torch
        scores = self.net(torch.from_numpy(x))
        loss = torch.nn.functional.cross_entropy(scores, torch.from_numpy(labels))
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        right = (scores.argmax(1) == torch.from_numpy(labels)).float().mean()
        return float(loss), float(right)


def make_model():
    try:
        import torch
    except ImportError:
        return NumpyModel()
    return TorchModel(torch)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", nargs="+")
    parser.add_argument("--seconds", type=float, default=8.0, help="how long to train (default 8)")
    parser.add_argument("--batch-size", type=int, default=64, help="rows of a batch (default 64)")
    parser.add_argument("--run-dir", help="join the sidecar in this directory instead of starting one")
    options = parser.parse_args()

    model = make_model()
    print(f"training with {model.name}", flush=True)
    samples = steps = 0
    losses = []
    with penstock.Loader(
        options.dataset,
        options.batch_size,
        fields=["png", "cls:int"],
        seed=7,
        run_dir=options.run_dir,
        epochs=1_000_000,
    ) as loader:
        batches = iter(loader)
        batch = next(batches)  # the first one comes when the sidecar has listed and indexed the shards
        begin = shown = time.monotonic()
        waited = 0.0
        while True:
            x, labels = pictures(batch)
            batch.release()
            loss, right = model.step(x, labels)
            losses.append(loss)
            samples += len(x)
            steps += 1
            now = time.monotonic()
            if now - shown >= 1 or steps == 1:
                print(f"  step {steps:5d}   loss {loss:.3f}   right {100 * right:3.0f} %", flush=True)
                shown = now
            if now - begin >= options.seconds:
                break
            batch = next(batches)
            waited += time.monotonic() - now
        wall = time.monotonic() - begin
        batch = None
    few = max(1, min(10, steps // 4))
    summary = {
        "model": model.name,
        "steps": steps,
        "samples": samples,
        "seconds": wall,
        "waited_seconds": waited,
        "first_loss": sum(losses[:few]) / few,
        "last_loss": sum(losses[-few:]) / few,
    }
    print(json.dumps(summary))
    return 0


if __name__ == "__main__":
    sys.exit(main())
