package dev.penstock.cache.ssd;

import dev.penstock.bridge.BlockReader;
import dev.penstock.bridge.BlockReader.ReadableFile;
import dev.penstock.bridge.BlockReaderConfig;
import dev.penstock.bridge.BlockWriter;
import dev.penstock.bridge.BlockWriter.WritableFile;
import dev.penstock.bridge.ByteBudget;
import dev.penstock.bridge.ReadMode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * A device's file through the bridge: one engine for reads, deep, and one for writes, shallow, so
 * that a trainer's read never stands behind more writes than the device itself holds.
 */
final class DiskFile implements SsdFile {
  /** Reads in flight, as for local origins: deeper buys latency, not bandwidth. */
  private static final int READ_DEPTH = 64;

  /** Writes in flight: enough for a disk's full rate in blocks of 512 KiB. */
  static final int WRITE_DEPTH = 4;

  private final BlockWriter writer;
  private final WritableFile writable;
  private final BlockReader reader;

  /** Opened anew when the size has changed, which happens before the first read only. */
  private ReadableFile readable;

  private DiskFile(
      BlockWriter writer, WritableFile writable, BlockReader reader, ReadableFile readable) {
    this.writer = writer;
    this.writable = writable;
    this.reader = reader;
    this.readable = readable;
  }

  /**
   * Claims and opens the file, or makes an empty one.
   *
   * @param slab where blocks mostly lie
   * @throws dev.penstock.bridge.FileClaimedException if somebody else has it open
   */
  @SuppressWarnings("MustBeClosedChecker")
  static DiskFile open(Path path, ByteBudget budget, MemorySegment slab) throws IOException {
    BlockReaderConfig config = BlockReaderConfig.of(budget).withFixedRegion(slab);
    BlockWriter writer = BlockWriter.open(config.withQueueDepth(WRITE_DEPTH).withChannelThreads(2));
    try {
      WritableFile writable = writer.claim(path);
      try {
        BlockReader reader = BlockReader.open(config.withQueueDepth(READ_DEPTH));
        try {
          ReadableFile readable = reader.open(path, ReadMode.DIRECT);
          return new DiskFile(writer, writable, reader, readable);
        } catch (IOException | RuntimeException | Error e) {
          reader.close();
          throw e;
        }
      } catch (IOException | RuntimeException | Error e) {
        writable.close();
        throw e;
      }
    } catch (IOException | RuntimeException | Error e) {
      writer.close();
      throw e;
    }
  }

  @Override
  public void read(
      long offset,
      MemorySegment slab,
      long slabOffset,
      int length,
      BlockReader.Completion completion) {
    reader.read(readable, offset, slab, slabOffset, length, completion);
  }

  @Override
  public void flushReads() {
    reader.flush();
  }

  @Override
  public void write(
      long offset,
      MemorySegment slab,
      long slabOffset,
      int length,
      BlockReader.Completion completion) {
    writer.write(writable, offset, slab, slabOffset, length, completion);
  }

  @Override
  public void flushWrites() {
    writer.flush();
  }

  @Override
  public int readNow(long offset, MemorySegment slab, long slabOffset, int length)
      throws IOException {
    return writable.readNow(offset, slab, slabOffset, length);
  }

  @Override
  public void writeNow(long offset, MemorySegment slab, long slabOffset, int length)
      throws IOException {
    writable.writeNow(offset, slab, slabOffset, length);
  }

  @Override
  public long sizeBytes() {
    return writable.sizeBytes();
  }

  @Override
  @SuppressWarnings("MustBeClosedChecker")
  public void resize(long sizeBytes) throws IOException {
    writable.resize(sizeBytes);
    if (readable.sizeBytes() != writable.sizeBytes()) {
      ReadableFile anew = reader.open(writable.path(), ReadMode.DIRECT);
      readable.close();
      readable = anew;
    }
  }

  @Override
  public void sync() throws IOException {
    writable.sync();
  }

  @Override
  public String description() {
    return "%s (%s, %s)"
        .formatted(writable.path(), reader.description().split(" ", 2)[0], writable.modeReason());
  }

  @Override
  public void close() throws IOException {
    try (writer;
        reader) {
      readable.close();
      writable.close();
    }
  }
}
