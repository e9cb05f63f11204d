package dev.penstock.cache;

import dev.penstock.bridge.ByteBudget;
import dev.penstock.bridge.Errno;
import dev.penstock.bridge.ErrnoException;
import dev.penstock.cache.ssd.Placement;
import dev.penstock.cache.ssd.SsdDevice;
import dev.penstock.cache.ssd.SsdStats;
import dev.penstock.cache.ssd.SsdStore;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** Opens the devices of the SSD tier, and adds up what they say. */
final class SsdDevices {
  private static final System.Logger LOG = System.getLogger(SsdDevices.class.getName());

  private SsdDevices() {}

  /** What all devices have done and hold. */
  record Total(
      long hitBytes,
      long writtenBytes,
      long blocks,
      long slots,
      long corrupt,
      long failures,
      int unusable) {}

  static Total total(@Nullable SsdTier tier) {
    Total sum = new Total(0, 0, 0, 0, 0, 0, 0);
    for (SsdStats s : tier == null ? List.<SsdStats>of() : tier.stats()) {
      sum =
          new Total(
              sum.hitBytes + s.hits() * s.blockBytes(),
              sum.writtenBytes + s.writes() * s.blockBytes(),
              sum.blocks + s.blocks(),
              sum.slots + s.slots(),
              sum.corrupt + s.corrupt(),
              sum.failures + s.failures(),
              sum.unusable + ("ok".equals(s.state()) ? 0 : 1));
    }
    return sum;
  }

  /**
   * Opens the devices. One that has no room, or fails, is left out: the cache never has the only
   * copy. One that somebody else has, or that cannot be meant, is an error.
   */
  static SsdTier open(SsdConfig config, RamTier tier, ByteBudget budget, Executor later)
      throws IOException {
    List<SsdDevice> devices = new ArrayList<>();
    try {
      for (SsdConfig.Directory directory : config.directories()) {
        try {
          devices.add(open(directory, config, tier, budget));
        } catch (ErrnoException e) {
          if (!isDevices(e)) {
            throw e;
          }
          LOG.log(
              Level.WARNING,
              "--cache-dir {0}: not used, {1}; the run goes on without it",
              directory.path(),
              e.getMessage());
        }
      }
      return new SsdTier(tier, devices, later);
    } catch (IOException | RuntimeException | Error e) {
      for (SsdDevice device : devices) {
        device.close();
      }
      throw e;
    }
  }

  private static SsdDevice open(
      SsdConfig.Directory directory, SsdConfig config, RamTier tier, ByteBudget budget)
      throws IOException {
    int blockBytes = tier.blockBytes();
    Placement.check(directory.path(), config.networkToo());
    return SsdStore.open(
        directory.path(),
        SsdStore.sizeBytes(directory.path(), directory.bytes(), blockBytes),
        blockBytes,
        budget,
        tier.slab(),
        config.key().map(CacheKey::bytes),
        SsdConfig.WRITES);
  }

  /** Whether an error is the device's and not a mistake in what was asked for. */
  private static boolean isDevices(ErrnoException e) {
    return switch (Errno.name(e.errno())) {
      case "ENOSPC", "EDQUOT", "EIO", "EROFS", "EFBIG" -> true;
      default -> false;
    };
  }
}
