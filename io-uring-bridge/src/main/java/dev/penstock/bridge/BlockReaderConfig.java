package dev.penstock.bridge;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * How a {@link BlockReader} is to be made.
 *
 * @param budget where the reader's own memory (bounce buffers, rings) is counted
 * @param engine which implementation to use
 * @param queueDepth reads accepted and not yet completed, at most; {@link BlockReader#read} blocks
 *     beyond that
 * @param channelThreads threads of the channel engine, each with one read in flight
 * @param fixedRegions native memory that reads go to most of the time, such as pool slabs; io_uring
 *     registers it as fixed buffers. It must outlive the reader
 */
public record BlockReaderConfig(
    ByteBudget budget,
    Engine engine,
    int queueDepth,
    int channelThreads,
    List<MemorySegment> fixedRegions) {

  /**
   * Overrides {@link Engine#AUTO} when set to {@code io_uring} or {@code channel}; a means to try
   * either engine without touching code.
   */
  public static final String ENGINE_PROPERTY = "penstock.reader";

  /** The implementations of {@link BlockReader}. */
  public enum Engine {
    /** io_uring where the kernel allows it, else the channel twin. */
    AUTO,
    /** io_uring, or an exception that says why not. */
    IO_URING,
    /** The channel twin. */
    CHANNEL
  }

  /** Checks the numbers. */
  public BlockReaderConfig {
    if (queueDepth < 1 || queueDepth > 4096) {
      throw new IllegalArgumentException("queue depth must be 1 to 4096, was " + queueDepth);
    }
    if (channelThreads < 1 || channelThreads > 256) {
      throw new IllegalArgumentException("channel threads must be 1 to 256, was " + channelThreads);
    }
    fixedRegions = List.copyOf(fixedRegions);
    for (MemorySegment region : fixedRegions) {
      if (!region.isNative()) {
        throw new IllegalArgumentException("fixed regions must be native memory, was " + region);
      }
    }
  }

  /** Depth 64, the best engine, eight threads where that engine needs threads. */
  public static BlockReaderConfig of(ByteBudget budget) {
    return new BlockReaderConfig(budget, Engine.AUTO, 64, 8, List.of());
  }

  /** The same with another engine. */
  public BlockReaderConfig withEngine(Engine other) {
    return new BlockReaderConfig(budget, other, queueDepth, channelThreads, fixedRegions);
  }

  /** The same with another depth. */
  public BlockReaderConfig withQueueDepth(int depth) {
    return new BlockReaderConfig(budget, engine, depth, channelThreads, fixedRegions);
  }

  /** The same with another number of threads for the channel engine. */
  public BlockReaderConfig withChannelThreads(int threads) {
    return new BlockReaderConfig(budget, engine, queueDepth, threads, fixedRegions);
  }

  /** The same with one more region that reads go to most of the time. */
  public BlockReaderConfig withFixedRegion(MemorySegment region) {
    List<MemorySegment> regions = new ArrayList<>(fixedRegions);
    regions.add(region);
    return new BlockReaderConfig(budget, engine, queueDepth, channelThreads, regions);
  }

  /** {@link #engine}, after {@link #ENGINE_PROPERTY} has had its say. */
  Engine effectiveEngine() {
    if (engine != Engine.AUTO) {
      return engine;
    }
    return switch (System.getProperty(ENGINE_PROPERTY, "auto")) {
      case "auto" -> Engine.AUTO;
      case "io_uring" -> Engine.IO_URING;
      case "channel" -> Engine.CHANNEL;
      default ->
          throw new IllegalArgumentException(
              "system property %s must be auto, io_uring or channel, was %s"
                  .formatted(ENGINE_PROPERTY, System.getProperty(ENGINE_PROPERTY)));
    };
  }
}
