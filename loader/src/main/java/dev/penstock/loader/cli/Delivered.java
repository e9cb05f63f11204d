package dev.penstock.loader.cli;

import dev.penstock.loader.Batch;

/** What a consumer has had; a session's own counters run ahead of it. */
final class Delivered {
  private long batches;
  private long samples;
  private long bytes;

  void add(Batch batch) {
    batches++;
    samples += batch.rows();
    for (String field : batch.fieldNames()) {
      bytes += batch.values(field).byteSize();
    }
  }

  long batches() {
    return batches;
  }

  long samples() {
    return samples;
  }

  /** Bytes of the fields, without keys and without what the layout adds. */
  long bytes() {
    return bytes;
  }
}
