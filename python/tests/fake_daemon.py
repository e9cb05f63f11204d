"""A sidecar in Python for tests: the daemon's side of the protocol over a made-up dataset.

Run as a program (``python fake_daemon.py serve --run-dir DIR [--parent-pid PID] [options]``), so that it can be killed, or in
a thread by :class:`FakeDaemon`. Sample ``i`` of the epoch has the key ``"<epoch>/<i>"``; index ``i`` of rank ``r`` of ``N``
at step ``s`` is ``s*G + r*B + row``. Options are attributes of :class:`Behaviour`.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import mmap
import os
import select
import socket
import struct
import sys
import threading
import time

try:
    from . import slots
except ImportError:  # run as a program
    import slots

FREE, READY = 0, 1


@dataclasses.dataclass
class Behaviour:
    samples: int = 1000
    txt_bytes: int = 100
    slot_bytes: int = 1 << 16
    slot_count: int = 4
    protocol: int = 1
    refuse: str = ""  # kind of an ERROR to answer OPEN with
    fail_after: int = -1  # batches after which the session ends with ERROR
    exit_after: int = -1  # batches after which the process kills itself
    hang_up_after: int = -1  # batches after which the connection is closed while the process lives
    resize_at: int = -1  # batch that needs twice the slot
    delay: float = 0.0  # seconds between batches


class Session:
    def __init__(self, daemon, sock, fds, request, plan):
        self.daemon, self.sock, self.request, self.plan = daemon, sock, request, plan
        self.fds = fds
        self.memory = mmap.mmap(fds[0], plan["region_bytes"])
        header = memoryview(self.memory)[: plan["slots_offset"]]
        self.q, self.i = header.cast("Q"), header.cast("I")
        assert self.q[0] == int.from_bytes(b"PENSTOCK", "little") and self.i[2] == 1
        assert self.q[8] == plan["daemon_epoch"] and self.q[16] == self.q[24] == 0
        self.stop_r, self.stop_w = os.pipe()
        self.claimed = set()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def claim(self):
        while True:
            for slot in range(self.plan["slot_count"]):
                if self.i[80 + 16 * slot] == FREE:
                    return slot
            ready, _, _ = select.select([self.fds[2], self.stop_r], [], [])
            if self.stop_r in ready:
                return None
            os.read(self.fds[2], 8)

    def publish(self, slot, data):
        at = self.plan["slots_offset"] + slot * self.plan["slot_bytes"]
        data = data[:8] + struct.pack("<Q", time.monotonic_ns()) + data[16:]
        self.memory[at : at + len(data)] = data
        self.i[80 + 16 * slot] = READY
        tail = self.q[16]
        self.i[self.plan["queue_at"] // 4 + tail % self.plan["queue_capacity"]] = slot
        self.q[16] = tail + 1
        os.write(self.fds[1], struct.pack("=Q", 1))

    def run(self):
        behaviour, request = self.daemon.behaviour, self.request
        cursor = request["cursor"] or self.plan["cursor"]
        epoch, index, step = cursor["epoch"], cursor["index"], cursor["step"]
        batch = request["batch_size"]
        everyone = batch * request["world_size"]
        for sequence in range(1 << 60):
            slot = self.claim()
            if slot is None or select.select([self.stop_r], [], [], behaviour.delay)[0]:
                return
            if request["epochs"] and epoch >= request["epochs"]:
                self.publish(slot, slots.build(sequence, 0, [], {**cursor}, flags=1, step=step, epoch=epoch))
                return
            if sequence == behaviour.exit_after:
                os.kill(os.getpid(), 9)
            if sequence == behaviour.fail_after:
                return self.end({"type": "ERROR", "kind": "data", "message": "shard x.tar at 512: torn", "open": True})
            if sequence == behaviour.hang_up_after:
                behaviour.hang_up_after = -1
                return self.sock.shutdown(socket.SHUT_RDWR)
            if sequence == behaviour.resize_at and self.plan["slot_bytes"] < 2 * behaviour.slot_bytes:
                return self.end({"type": "RESIZE", "slot_bytes": 2 * behaviour.slot_bytes})
            first = index + request["rank"] * batch
            data = self.daemon.batch(epoch, first, batch)
            after, after_epoch = index + everyone, epoch
            if after + everyone > behaviour.samples:
                after, after_epoch = 0, epoch + 1
            cursor = {"epoch": after_epoch, "index": after, "step": step + 1}
            self.publish(slot, slots.build(sequence, batch, data, cursor, step=step, epoch=epoch))
            index, epoch, step = after, after_epoch, step + 1

    def end(self, message):
        # A session that ends by itself still waits for CLOSE or OPEN.
        send(self.sock, message)

    def close(self):
        os.write(self.stop_w, b"x")
        self.thread.join()
        del self.q, self.i
        for fd in (*self.fds, self.stop_r, self.stop_w):
            os.close(fd)


def send(sock, message):
    body = json.dumps(message).encode()
    sock.sendall(struct.pack("<I", len(body)) + body)


def receive(sock):
    """A message and its descriptors; None at the end."""
    data, fds = b"", []
    while len(data) < 4 or len(data) < 4 + struct.unpack_from("<I", data)[0]:
        wanted = 4 - len(data) if len(data) < 4 else 4 + struct.unpack_from("<I", data)[0] - len(data)
        try:
            more, some, _, _ = socket.recv_fds(sock, wanted, 3)
        except ConnectionError:
            return None, fds
        if not more:
            return None, fds
        data, fds = data + more, fds + list(some)
    return json.loads(data[4:]), fds


class FakeDaemon:
    """Listens in ``run_dir`` until closed; each connection has a thread."""

    def __init__(self, run_dir, behaviour=None):
        self.behaviour = behaviour or Behaviour()
        self.opens = []
        self.epochs = int.from_bytes(os.urandom(6), "little")
        self.path = os.path.join(run_dir, "penstock.sock")
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(self.path)
        self.server.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def close(self):
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        os.unlink(self.path)

    def batch(self, epoch, first, rows):
        indexes = range(first, first + rows)
        return slots.buffers_of(
            keys=[f"{epoch}/{i}".encode() for i in indexes],
            flags=bytes(rows),
            txt=[bytes([i % 251]) * self.behaviour.txt_bytes for i in indexes],
            cls=list(indexes),
            emb=[[i, i, i, i] for i in indexes],
            ids=[[i] * (i % 3) for i in indexes],
        )

    def plan(self, request, number):
        b = self.behaviour
        return {
            "type": "PLAN",
            "session": number,
            "daemon_epoch": self.epochs + number,
            "slot_bytes": max(b.slot_bytes, request["min_slot_bytes"]),
            "slot_count": b.slot_count,
            "schema": slots.SCHEMA,
            "batches_per_epoch": b.samples // (request["batch_size"] * request["world_size"]),
            "order_id": "0" * 32,
            "cursor": request["cursor"] or {"epoch": 0, "index": 0, "step": 0},
            "description": "fake",
        }

    def serve(self, sock):
        session, request, plan = None, None, None
        try:
            while True:
                message, fds = receive(sock)
                if message is None:
                    return
                kind = message["type"]
                if kind == "HELLO":
                    send(sock, {"type": "WELCOME", "protocol": self.behaviour.protocol, "daemon": "fake", "pid": os.getpid()})
                elif kind == "OPEN":
                    if session:
                        session.close()
                        session = None
                    if self.behaviour.refuse:
                        send(sock, {"type": "ERROR", "kind": self.behaviour.refuse, "message": "no", "open": True})
                        continue
                    self.opens.append(message)
                    request, plan = message, self.plan(message, len(self.opens))
                    send(sock, plan)
                elif kind == "RING":
                    count = message["slot_count"]
                    capacity = 1 << (count - 1).bit_length()
                    end = 320 + 64 * count + 4 * capacity
                    place = {"queue_at": 320 + 64 * count, "queue_capacity": capacity, "slots_offset": -(-end // 4096) * 4096}
                    send(sock, {"type": "STARTED"})
                    session = Session(self, sock, fds, request, {**plan, **message, **place})
                elif kind == "CLOSE":
                    if session:
                        session.close()
                        session = None
                    send(sock, {"type": "CLOSED"})
        except ConnectionError:
            pass
        finally:
            if session:
                session.close()
            sock.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("verb")
    parser.add_argument("--run-dir", required=True)
    parser.add_argument("--parent-pid", type=int)
    parser.add_argument("--max-sessions", type=int)
    parser.add_argument("--die", action="store_true")
    parser.add_argument("--killed-once", help="kills itself while it starts, unless this file is there")
    for field in dataclasses.fields(Behaviour):
        parser.add_argument("--" + field.name.replace("_", "-"), type=type(field.default), default=field.default)
    args = parser.parse_args()
    if args.die:
        sys.exit("cannot start: told to die")
    if args.killed_once and not os.path.exists(args.killed_once):
        with open(args.killed_once, "w"):
            os.kill(os.getpid(), 9)
    behaviour = Behaviour(**{field.name: getattr(args, field.name) for field in dataclasses.fields(Behaviour)})
    FakeDaemon(args.run_dir, behaviour)
    print("ready", flush=True)
    if args.parent_pid:
        pidfd = os.pidfd_open(args.parent_pid)
        select.select([pidfd], [], [])
        for name in os.listdir(args.run_dir):
            os.unlink(os.path.join(args.run_dir, name))
        os.rmdir(args.run_dir)
        os._exit(0)
    threading.Event().wait()


if __name__ == "__main__":
    main()
