package dev.penstock.formats;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;

/**
 * Writes one shard, sample by sample. One thread at a time. {@link #close} completes the shard; a
 * writer onto a path writes aside and only then gives the file its name, and does not if a write
 * failed before.
 */
public interface ShardWriter extends AutoCloseable {
  /** A WebDataset archive at {@code file}, which is replaced if it exists. */
  static ShardWriter webDataset(Path file, WriterOptions options) throws IOException {
    return new TarShardWriter(ShardOutput.to(file, options));
  }

  /** A WebDataset archive to {@code out}, which stays open. */
  static ShardWriter webDataset(OutputStream out, WriterOptions options) throws IOException {
    return new TarShardWriter(ShardOutput.to(out, options));
  }

  /** A TFRecord file at {@code file} in {@code format}; keys are not stored. */
  static ShardWriter tfRecord(Path file, TfRecordFormat format, WriterOptions options)
      throws IOException {
    return new TfRecordShardWriter(ShardOutput.to(file, options), format);
  }

  /** A TFRecord file to {@code out}, which stays open. */
  static ShardWriter tfRecord(OutputStream out, TfRecordFormat format, WriterOptions options)
      throws IOException {
    return new TfRecordShardWriter(ShardOutput.to(out, options), format);
  }

  /**
   * Appends a sample.
   *
   * @throws IllegalArgumentException if the format cannot hold it so that a reader gets the same
   *     back, which the message explains; nothing is written then
   */
  void write(String key, List<SampleField> fields) throws IOException;

  /** Samples written so far. */
  long sampleCount();

  /** Decoded bytes written so far. */
  long decodedBytes();

  @Override
  void close() throws IOException;
}
