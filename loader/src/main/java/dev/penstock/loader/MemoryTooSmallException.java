package dev.penstock.loader;

import dev.penstock.bridge.BudgetExceededException;

/** The byte budget cannot hold what a session must have at once; says what would be enough. */
public final class MemoryTooSmallException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final long neededBytes;

  private MemoryTooSmallException(String message, long neededBytes) {
    super(message);
    this.neededBytes = neededBytes;
  }

  /** The session's share of the block pool is smaller than what it may have to lease at once. */
  static MemoryTooSmallException forBlocks(
      EngineConfig config, long blockBytes, PlannedSession plan) {
    long needed = config.memoryFor(blockBytes * config.maxSessions());
    return new MemoryTooSmallException(
        ("--memory: value is too small (%d bytes): batches of %d rows with samples of up to %d"
                + " bytes need %d bytes of blocks at once, which takes --memory %d; a smaller"
                + " --batch-size needs less")
            .formatted(
                config.memoryBytes(),
                plan.config().batchSize(),
                plan.dataset().sampleBytesMax(),
                blockBytes,
                needed),
        needed);
  }

  /** The session's share of the block pool cannot hold the windows of the order of arrival. */
  static MemoryTooSmallException forWindows(
      EngineConfig config, long blockBytes, int lanes, long windowBytes, SessionConfig session) {
    long needed = config.memoryFor(blockBytes * config.maxSessions());
    return new MemoryTooSmallException(
        ("--memory: value is too small (%d bytes): %d lanes with windows of %d bytes and batches of"
                + " %d rows need %d bytes of blocks, which takes --memory %d; fewer --lanes or a"
                + " smaller --batch-size need less")
            .formatted(
                config.memoryBytes(), lanes, windowBytes, session.batchSize(), blockBytes, needed),
        needed);
  }

  /**
   * In the order of arrival a sample, or a batch, is met that is larger than anything that was to
   * be expected from the first ones.
   */
  static MemoryTooSmallException forArrival(String shard, long end, long quotaBytes) {
    return new MemoryTooSmallException(
        ("--memory: value is too small: the %d bytes of blocks that this session may keep do not"
             + " hold the samples up to byte %d of %s beside the windows and the batch under way;"
             + " twice the memory, fewer --lanes or a smaller --batch-size may do")
            .formatted(quotaBytes, end, shard),
        2 * quotaBytes);
  }

  /** The slots do not fit beside the block pool. */
  static MemoryTooSmallException forSlots(
      LoaderConfig config, SessionPlan plan, BudgetExceededException cause) {
    long slots = plan.slotBytes() * config.slots();
    long needed = config.engine().memoryForSlots(slots);
    MemoryTooSmallException made =
        new MemoryTooSmallException(
            ("--memory: value is too small (%d bytes): %d slots of %d bytes do not fit beside the"
                    + " block pool; --memory %d would do, and a smaller --batch-size needs less")
                .formatted(config.engine().memoryBytes(), config.slots(), plan.slotBytes(), needed),
            needed);
    made.initCause(cause);
    return made;
  }

  /** The smallest budget in bytes that would do. */
  public long neededBytes() {
    return neededBytes;
  }
}
