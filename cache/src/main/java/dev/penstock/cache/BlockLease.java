package dev.penstock.cache;

import dev.penstock.formats.ByteRun;
import java.io.EOFException;
import java.io.IOException;

/** A range that lies in pinned blocks, which may still be on their way. */
final class BlockLease extends Lease {
  private final CachedObject object;
  private final long offset;
  private final long length;
  private final Block[] blocks;

  BlockLease(OpenSession session, CachedObject object, long offset, long length, Block[] blocks) {
    super(session);
    this.object = object;
    this.offset = offset;
    this.length = length;
    this.blocks = blocks;
  }

  @Override
  public boolean isReady() {
    for (Block block : blocks) {
      if (!block.isSettled()) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void await(ByteRun run) throws IOException, InterruptedException {
    long before = run.length();
    awaitAvailable(run);
    if (run.length() - before < length) {
      throw endedEarly(offset + run.length() - before);
    }
  }

  @Override
  public void awaitAvailable(ByteRun run) throws IOException, InterruptedException {
    refuseClosed();
    RamTier tier = session.tier();
    long at = offset;
    long end = offset + length;
    for (Block block : blocks) {
      if (!block.isSettled()) {
        session.awaitSettled(block);
      }
      IOException failure = block.failure();
      if (failure != null) {
        throw Failures.forWaiter(failure);
      }
      long blockStart = block.number * tier.blockBytes();
      long to = Math.min(end, blockStart + block.length());
      if (to > at) {
        run.append(tier.slab(), tier.slabOffset(block.place) + at - blockStart, to - at);
        at = to;
      }
      if (block.length() < tier.blockBytes()) {
        return;
      }
    }
  }

  private EOFException endedEarly(long found) {
    return new EOFException(
        "%s: %d decoded bytes at %d were asked for, the shard ends at %d"
            .formatted(object.stored().location(), length, offset, found));
  }

  @Override
  void giveBack() {
    session.tier().release(session.share(), blocks);
  }
}
