package dev.penstock.loader;

import dev.penstock.bridge.ReadMode;
import dev.penstock.cache.SsdConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * What is shared by all sessions of a process: memory, threads, the way of reading.
 *
 * @param memoryBytes the byte budget: all native memory, and the page cache that we cause
 * @param cpus threads that decode and gather, at least 1
 * @param blockBytes size of a cached block, a power of two
 * @param ramTier whether blocks stay cached after their last use
 * @param readMode how files are read
 * @param maxSessions how many sessions share the budget; each has an equal part of the pool
 * @param localRings whether batches wait in this process's own memory and so inside the budget
 * @param indexDirectory where shard indexes are kept; beside each shard if empty
 * @param originOptions how stores that are asked over the network are reached ({@code
 *     docs/remote.md})
 * @param ssd where blocks are kept below memory
 */
public record EngineConfig(
    long memoryBytes,
    int cpus,
    int blockBytes,
    boolean ramTier,
    ReadMode readMode,
    int maxSessions,
    boolean localRings,
    Optional<Path> indexDirectory,
    Map<String, String> originOptions,
    SsdConfig ssd) {
  /** Smallest budget that is accepted: less cannot hold a few blocks in flight. */
  public static final long MIN_MEMORY_BYTES = 32L << 20;

  /** Size of a block unless told otherwise: one request of io_uring ({@code docs/internals}). */
  public static final int DEFAULT_BLOCK_BYTES = 512 << 10;

  /** Budget unless told otherwise. */
  public static final long DEFAULT_MEMORY_BYTES = 1L << 30;

  /** The budget is dealt in eighths: pool, slots of rings of our own, decoders. */
  private static final int SHARES = 8;

  /** Checks ranges. */
  public EngineConfig {
    originOptions = Map.copyOf(originOptions);
    if (memoryBytes < MIN_MEMORY_BYTES) {
      throw new IllegalArgumentException(
          "--memory: value is too small (%d bytes), at least %d are required"
              .formatted(memoryBytes, MIN_MEMORY_BYTES));
    }
    if (cpus < 1) {
      throw new IllegalArgumentException("--cpus: value is too small (" + cpus + "), at least 1");
    }
    if (Integer.bitCount(blockBytes) != 1 || blockBytes < 4096) {
      throw new IllegalArgumentException(
          "block size must be a power of two of at least 4096 bytes, was " + blockBytes);
    }
    if (maxSessions < 1) {
      throw new IllegalArgumentException("at least 1 session must fit, was " + maxSessions);
    }
  }

  /** Defaults for a loader inside this process: one session, its batches inside the budget. */
  public static EngineConfig embedded() {
    return new EngineConfig(
        DEFAULT_MEMORY_BYTES,
        Math.max(1, Runtime.getRuntime().availableProcessors()),
        DEFAULT_BLOCK_BYTES,
        true,
        ReadMode.AUTO,
        1,
        true,
        Optional.empty(),
        Map.of(),
        SsdConfig.NONE);
  }

  /** The same with another byte budget. */
  public EngineConfig withMemoryBytes(long value) {
    return new EngineConfig(
        value,
        cpus,
        blockBytes,
        ramTier,
        readMode,
        maxSessions,
        localRings,
        indexDirectory,
        originOptions,
        ssd);
  }

  /** The same with another number of decoding and gathering threads. */
  public EngineConfig withCpus(int value) {
    return new EngineConfig(
        memoryBytes,
        value,
        blockBytes,
        ramTier,
        readMode,
        maxSessions,
        localRings,
        indexDirectory,
        originOptions,
        ssd);
  }

  /** The same with another block size. */
  public EngineConfig withBlockBytes(int value) {
    return new EngineConfig(
        memoryBytes,
        cpus,
        value,
        ramTier,
        readMode,
        maxSessions,
        localRings,
        indexDirectory,
        originOptions,
        ssd);
  }

  /** The same with another RAM tier. */
  public EngineConfig withRamTier(boolean value) {
    return new EngineConfig(
        memoryBytes,
        cpus,
        blockBytes,
        value,
        readMode,
        maxSessions,
        localRings,
        indexDirectory,
        originOptions,
        ssd);
  }

  /** The same with another way of reading. */
  public EngineConfig withReadMode(ReadMode value) {
    return new EngineConfig(
        memoryBytes,
        cpus,
        blockBytes,
        ramTier,
        value,
        maxSessions,
        localRings,
        indexDirectory,
        originOptions,
        ssd);
  }

  /** The same with another number of sessions. */
  public EngineConfig withMaxSessions(int value) {
    return new EngineConfig(
        memoryBytes,
        cpus,
        blockBytes,
        ramTier,
        readMode,
        value,
        localRings,
        indexDirectory,
        originOptions,
        ssd);
  }

  /** The same with another place of the rings. */
  public EngineConfig withLocalRings(boolean value) {
    return new EngineConfig(
        memoryBytes,
        cpus,
        blockBytes,
        ramTier,
        readMode,
        maxSessions,
        value,
        indexDirectory,
        originOptions,
        ssd);
  }

  /** The same with another index directory. */
  public EngineConfig withIndexDirectory(Optional<Path> value) {
    return new EngineConfig(
        memoryBytes,
        cpus,
        blockBytes,
        ramTier,
        readMode,
        maxSessions,
        localRings,
        value,
        originOptions,
        ssd);
  }

  /** The same with other options of the stores. */
  public EngineConfig withOriginOptions(Map<String, String> value) {
    return new EngineConfig(
        memoryBytes,
        cpus,
        blockBytes,
        ramTier,
        readMode,
        maxSessions,
        localRings,
        indexDirectory,
        value,
        ssd);
  }

  /** The same with other places for blocks below memory. */
  public EngineConfig withSsd(SsdConfig value) {
    return new EngineConfig(
        memoryBytes,
        cpus,
        blockBytes,
        ramTier,
        readMode,
        maxSessions,
        localRings,
        indexDirectory,
        originOptions,
        value);
  }

  /**
   * The same with every cache directory's size fixed.
   *
   * @throws IOException if a size cannot be had
   * @throws IllegalArgumentException if their tables leave too little of the budget
   */
  EngineConfig sized() throws IOException {
    EngineConfig sized = withSsd(ssd.sized(blockBytes));
    long left = memoryBytes - sized.ssd.memoryBytes(blockBytes);
    if (left < MIN_MEMORY_BYTES) {
      throw new IllegalArgumentException(
          "--memory: %d bytes leave %d beside the tables of the cache directories, at least %d are required; --memory %d would do, or a smaller --cache-dir DIR=SIZE"
              .formatted(
                  memoryBytes, left, MIN_MEMORY_BYTES, memoryBytes + MIN_MEMORY_BYTES - left));
    }
    return sized;
  }

  /** Bytes of the block pool: what is left of the budget beside slots and decoders. */
  long poolBytes() {
    long share = (memoryBytes - ssdBytes()) / SHARES * poolShares();
    return Math.max(blockBytes, share / blockBytes * blockBytes);
  }

  /** The budget with which the pool has at least {@code poolBytes} bytes. */
  long memoryFor(long poolBytes) {
    return ((poolBytes + blockBytes) / poolShares() + 1) * SHARES + ssdBytes();
  }

  /** The budget with which slots of {@code slotBytes} bytes in all fit beside pool and decoders. */
  long memoryForSlots(long slotBytes) {
    return (slotBytes / (SHARES - 1 - poolShares()) + 1) * SHARES + ssdBytes();
  }

  /** What the SSD tier takes of the budget; known once its sizes are. */
  private long ssdBytes() {
    return ssd.memoryBytes(blockBytes);
  }

  private int poolShares() {
    return localRings ? 5 : 7;
  }
}
