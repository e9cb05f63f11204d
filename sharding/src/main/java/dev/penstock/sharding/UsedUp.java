package dev.penstock.sharding;

/** What a mixture does when a finite source has no more samples for a step. */
public enum UsedUp {
  /** The run ends before that step. */
  STOP,
  /** From that step on the other sources take over its share, by their weights. */
  HAND_OVER
}
