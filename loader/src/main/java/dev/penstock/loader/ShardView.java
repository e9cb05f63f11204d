package dev.penstock.loader;

import dev.penstock.formats.ByteSource;
import dev.penstock.formats.ShardIndex;

/**
 * A shard that a session has open: its index, its bytes, and which column each of its fields is.
 */
final class ShardView {
  final int number;

  /** The source of the mixture that it belongs to; 0 for one dataset. */
  final int part;

  final String name;
  final ShardIndex index;
  final ByteSource source;
  final int[] columnOfName;

  /** Whether large samples are read in place ({@link InPlaceRead}) rather than asked for ahead. */
  final boolean inPlace;

  // Batches under way that use it; guarded by the ShardTable.
  int users;

  ShardView(
      int number,
      int part,
      String name,
      ShardIndex index,
      ByteSource source,
      int[] columnOfName,
      boolean inPlace) {
    this.number = number;
    this.part = part;
    this.name = name;
    this.index = index;
    this.source = source;
    this.columnOfName = columnOfName;
    this.inPlace = inPlace;
  }
}
