package dev.penstock.cache;

import dev.penstock.bridge.BudgetExceededException;
import dev.penstock.bridge.ByteBudget;
import dev.penstock.bridge.ByteBudget.Reservation;
import dev.penstock.formats.Codec;
import dev.penstock.formats.FrameDecoder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A decoder that is kept for the next frame, with its native memory reserved as it grows. One
 * thread at a time.
 */
final class DecoderSlot implements AutoCloseable {
  private final ByteBudget budget;
  private final List<Reservation> reservations = new ArrayList<>();
  private long reservedBytes;
  private @Nullable Codec codec;
  private @Nullable FrameDecoder decoder;

  DecoderSlot(ByteBudget budget) {
    this.budget = budget;
  }

  /** A decoder for {@code wanted} at the start of a frame. */
  FrameDecoder restart(Codec wanted) {
    FrameDecoder kept = decoder;
    if (kept != null && codec == wanted) {
      kept.reset();
      return kept;
    }
    close();
    FrameDecoder fresh = wanted.decoder();
    codec = wanted;
    decoder = fresh;
    return fresh;
  }

  /**
   * Called after the decoder has run: reserves what it has grown by.
   *
   * @throws DecoderMemoryException if that does not fit the budget; the decoder's memory is freed
   */
  void account(String shard) throws DecoderMemoryException {
    FrameDecoder running = decoder;
    if (running == null || running.nativeBytes() <= reservedBytes) {
      return;
    }
    long wanted = running.nativeBytes();
    long grown = wanted - reservedBytes;
    try {
      reservations.add(budget.reserve("decoders", grown));
      reservedBytes += grown;
    } catch (BudgetExceededException tooLarge) {
      close();
      throw new DecoderMemoryException(shard, wanted, tooLarge);
    }
  }

  /** Whether a decoder's memory is reserved. */
  boolean holdsMemory() {
    return reservedBytes > 0;
  }

  @Override
  public void close() {
    FrameDecoder open = decoder;
    if (open != null) {
      decoder = null;
      codec = null;
      open.close();
    }
    reservations.forEach(Reservation::close);
    reservations.clear();
    reservedBytes = 0;
  }
}
