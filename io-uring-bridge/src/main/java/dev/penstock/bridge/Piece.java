package dev.penstock.bridge;

import org.jspecify.annotations.Nullable;

/** One entry of the ring: a part of a request that the device takes at once. Reused. */
final class Piece {
  final int index;

  /** Whose part it is; null while unused. */
  @Nullable BlockRequest request;

  long fileOffset;
  long address;
  int length;

  /** Bytes that have arrived: more than none only between a short read and its continuation. */
  int done;

  int tries;
  boolean direct;

  /** Index of the registered buffer that holds the target, or -1. */
  int buffer;

  /** The bounce block that the read goes to, or -1 when it goes straight to its place. */
  int bounceBlock;

  /** Of a bounced piece: bytes wanted, and where the first of them lies in the request. */
  int wanted;

  int wantedAt;

  Piece(int index) {
    this.index = index;
  }
}
