package dev.penstock.cache;

import java.util.Arrays;

/** Blocks that nobody has fetched yet and that the caller has to fetch, ascending. */
final class Missing {
  Block[] blocks = new Block[4];
  int count;

  /** One block that has to be fetched after all. */
  static Missing of(Block block) {
    Missing missing = new Missing();
    missing.add(block);
    return missing;
  }

  void add(Block block) {
    if (count == blocks.length) {
      blocks = Arrays.copyOf(blocks, count * 2);
    }
    blocks[count++] = block;
  }
}
