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
  static MemoryTooSmallException forBlocks(EngineConfig config, long blockBytes, SessionPlan plan) {
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
