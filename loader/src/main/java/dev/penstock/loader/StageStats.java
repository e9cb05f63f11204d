package dev.penstock.loader;

import java.util.concurrent.atomic.LongAdder;

/** What one stage of a session counts. Thread-safe; read at any time. */
final class StageStats {
  final LongAdder busyNanos = new LongAdder();
  final LongAdder starvedNanos = new LongAdder();
  final LongAdder blockedNanos = new LongAdder();
  final LongAdder samples = new LongAdder();
  final LongAdder bytes = new LongAdder();

  LoaderStats.Stage snapshot(String name) {
    return new LoaderStats.Stage(
        name, samples.sum(), bytes.sum(), busyNanos.sum(), starvedNanos.sum(), blockedNanos.sum());
  }
}
