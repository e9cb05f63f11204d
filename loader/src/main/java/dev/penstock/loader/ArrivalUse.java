package dev.penstock.loader;

import dev.penstock.cache.NextUse;

/**
 * What the order of arrival says of the next use of bytes. What a window needs is leased; all else
 * has been delivered, and comes again in the next pass: so it is needed later than anything that
 * another session needs in its present epoch. One thread moves it on, any may ask.
 */
final class ArrivalUse implements NextUse {
  /** More shards than a list has. */
  private static final long PASS = 1L << 32;

  private volatile long pass;

  void moveTo(long newPass) {
    pass = newPass;
  }

  @Override
  public long after(int shard, long offset, long length) {
    return (pass + 1) * PASS + shard;
  }

  @Override
  public long position() {
    return pass * PASS;
  }

  @Override
  public long epochLength() {
    return PASS;
  }
}
