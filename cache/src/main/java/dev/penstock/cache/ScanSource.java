package dev.penstock.cache;

import dev.penstock.formats.ByteSource;
import dev.penstock.formats.Codec;
import dev.penstock.formats.FrameTable;
import java.util.Optional;

/**
 * A shard opened to be gone through once, such as to build its index: {@link #readAt} works and is
 * cheap forward, {@link #request} is refused. It takes no part in any quota and leaves nothing in
 * the block cache. Closing twice is a bug and throws.
 */
public interface ScanSource extends ByteSource {
  /** What compresses the shard. */
  Codec codec();

  /**
   * Where the shard can be entered, once the end has been read; empty before. For a plain shard at
   * once.
   */
  Optional<FrameTable> framesSeen();
}
