package dev.penstock.cache.ssd;

import dev.penstock.bridge.BlockReader;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * The file of one device as {@link SsdDevice} uses it: a port, so that tests can put a recording
 * one in its place that loses, tears and reorders what was not synced. Thread-safe. Offsets,
 * lengths and addresses are multiples of 4,096.
 */
public interface SsdFile extends AutoCloseable {
  /** Starts a read and returns; the contract of {@link BlockReader#read}. */
  void read(
      long offset,
      MemorySegment slab,
      long slabOffset,
      int length,
      BlockReader.Completion completion);

  /** Starts whatever {@link #read} has only queued. */
  void flushReads();

  /** Starts a write; the contract of {@link dev.penstock.bridge.BlockWriter#write}. */
  void write(
      long offset,
      MemorySegment slab,
      long slabOffset,
      int length,
      BlockReader.Completion completion);

  /** Starts whatever {@link #write} has only queued. */
  void flushWrites();

  /** Reads on the calling thread; returns the number of bytes. */
  int readNow(long offset, MemorySegment slab, long slabOffset, int length) throws IOException;

  /** Writes on the calling thread, all of it. */
  void writeNow(long offset, MemorySegment slab, long slabOffset, int length) throws IOException;

  /** How long it is, in bytes. */
  long sizeBytes();

  /**
   * Makes it {@code sizeBytes} long: what lies behind is given back, space before that is reserved
   * or the call fails. While a device is opened only: no other request may be in flight.
   */
  void resize(long sizeBytes) throws IOException;

  /** Waits until whatever was completed survives a loss of power. */
  void sync() throws IOException;

  /** Its path, and how it is read and written, for people. */
  String description();

  @Override
  void close() throws IOException;
}
