package dev.penstock.sharding;

/** What happens at the end of an epoch whose samples are no multiple of the global batch. */
public enum End {
  /** The incomplete step is left out: {@code floor(n / G)} steps. */
  DROP,
  /**
   * The last step is filled up with samples from the start of the epoch, marked not valid: {@code
   * ceil(n / G)} steps.
   */
  PAD,
  /**
   * The step runs on into the next epoch. The last step of a run of {@code E} epochs may therefore
   * end with rows of epoch {@code E}; nothing is left out.
   */
  CARRY
}
