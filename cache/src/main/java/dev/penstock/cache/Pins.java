package dev.penstock.cache;

import dev.penstock.cache.Block.Pin;

/**
 * Who holds which blocks, what that is charged to, and where a block goes when nobody holds it any
 * more. Guarded by the tier's lock.
 */
final class Pins {
  private final Eviction eviction;
  private final Places places;
  private final boolean keepsUnpinned;

  /** {@code keepsUnpinned}: whether blocks stay when nobody holds them. */
  Pins(Eviction eviction, Places places, boolean keepsUnpinned) {
    this.eviction = eviction;
    this.places = places;
    this.keepsUnpinned = keepsUnpinned;
  }

  /** Holds the block once more; the first time is charged to the share. */
  void pin(Block block, Share share) {
    Pin pin = block.pinOf(share);
    if (pin == null) {
      pin = new Pin(share, block.pins);
      block.pins = pin;
      share.charge(1);
      eviction.remove(block);
    }
    pin.count++;
  }

  /** Ends one hold. */
  void unpin(Block block, Share share) {
    Pin pin = block.pinOf(share);
    if (pin == null) {
      throw new IllegalStateException(block + " is not pinned by this session");
    }
    if (--pin.count > 0) {
      return;
    }
    block.unlink(pin);
    share.refund(1);
    if (block.pins == null) {
      unpinned(block);
    }
  }

  /** Whether one hold of this share is all that keeps the block. */
  boolean isOnlyPin(Block block, Share share) {
    Pin pin = block.pinOf(share);
    return pin != null && pin.count == 1 && pin.next == null && block.pins == pin;
  }

  /** Decides where a block without pins goes. */
  private void unpinned(Block block) {
    boolean kept = keepsUnpinned || (block.decoded && eviction.isNeededSoon(block));
    if (block.inTable && kept) {
      eviction.add(block);
    } else {
      places.free(block);
    }
  }
}
