package dev.penstock.cache;

import dev.penstock.formats.ByteRun;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A range of an object whose bytes are in this machine's memory already: read exactly, by the
 * thread that awaits it, into places that were in use a moment ago. So the copy out of the page
 * cache lands in lines that the core still holds, and the gather reads them from there.
 */
final class ExactLease extends Lease {
  private final CachedObject object;
  private final long offset;
  private final long length;
  private final int charged;
  private int @Nullable [] places;
  private int placeCount;

  /** Takes over {@code charged} blocks of the quota. */
  ExactLease(OpenSession session, CachedObject object, long offset, long length, int charged) {
    super(session);
    this.object = object;
    this.offset = offset;
    this.length = length;
    this.charged = charged;
  }

  @Override
  public boolean isReady() {
    return true;
  }

  @Override
  public void await(ByteRun run) throws IOException, InterruptedException {
    refuseClosed();
    RamTier tier = session.tier();
    int[] taken = new int[charged];
    places = taken;
    long done = 0;
    while (done < length) {
      int place = tier.lent().lend();
      taken[placeCount++] = place;
      int part = (int) Math.min(tier.blockBytes(), length - done);
      session.cache().reads().now(object, offset + done, tier.slab(), tier.slabOffset(place), part);
      run.append(tier.slab(), tier.slabOffset(place), part);
      done += part;
    }
  }

  @Override
  void giveBack() {
    int[] taken = places;
    session
        .tier()
        .lent()
        .giveBack(session.share(), charged, taken == null ? new int[0] : taken, placeCount);
  }
}
