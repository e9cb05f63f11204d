package dev.penstock.sharding;

/**
 * Where a run goes on, in whichever kind of order it is: a {@link Cursor} of an order with a plan,
 * the same on every rank, or an {@link ArrivalCursor}, which belongs to one rank. Neither is ever
 * turned into the other.
 */
public sealed interface Position permits Cursor, ArrivalCursor {
  /** The epoch, or in the order of arrival the pass, in which the next step begins; from 0. */
  long epoch();

  /** Number of the next step since the run's first start. */
  long step();
}
