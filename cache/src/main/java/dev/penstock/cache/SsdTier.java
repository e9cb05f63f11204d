package dev.penstock.cache;

import dev.penstock.cache.ssd.BlockId;
import dev.penstock.cache.ssd.SsdDevice;
import dev.penstock.cache.ssd.SsdStats;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * The devices below memory: which of them holds a block, which blocks are worth writing, and whose
 * slots they take. Filled from fetches and decoding, not from what memory evicts, so that a second
 * run finds what a first one had; but only with blocks that will stay.
 *
 * <p>In plain epochs no choice gives more hits than another (docs/internals/ssd-tier.md), so the
 * choice is the one that writes least and spreads hits evenly: a fixed sample of the blocks, of the
 * size that fits. A block outside of it is never written, one inside is written once.
 *
 * <p>Thread-safe. {@link #admit} and the list of jobs are guarded by the lock of {@link RamTier}.
 */
final class SsdTier implements AutoCloseable {
  /** Resident blocks looked at for one that is placed worse than the newcomer. */
  private static final int TRIES = 16;

  /** The same, at most, where only blocks of one job or dataset count: some 20 us. */
  private static final int QUOTA_TRIES = 256;

  /** Of the slots, those that are kept for blocks that belong here. */
  private static final int LAST_PART = 256;

  /**
   * Of the slots, those that may be empty on their way from a block that went to one that comes.
   */
  private static final int AHEAD_PART = 16;

  /** Blocks that found a slot, in a row, after which fewer are kept on their way. */
  private static final int DECAY = 64;

  private static final System.Logger LOG = System.getLogger(SsdTier.class.getName());

  private final RamTier tier;
  private final List<SsdDevice> devices;
  private final Executor later;
  private final int blockBytes;
  private final SplittableRandom random = new SplittableRandom(1);

  // Guarded by the lock of RamTier.

  /** One for each session, so by identity: those of a job's ranks may be equal. */
  private final Set<Job> jobs = Collections.newSetFromMap(new IdentityHashMap<>());

  private SampleBand band = SampleBand.ALL;
  private long bandSlots = -1;
  private int ahead;
  private int foundInRow;

  /** Over opened devices, which it closes. */
  SsdTier(RamTier tier, List<SsdDevice> devices, Executor later) {
    this.tier = tier;
    this.devices = List.copyOf(devices);
    this.later = later;
    this.blockBytes = tier.blockBytes();
  }

  /** A block that is to be written, and its slot. */
  record Target(SsdDevice device, int slot) {
    void write(RamTier tier, Block block) {
      device.write(slot, tier.slab(), tier.slabOffset(block.place), () -> tier.written(block));
    }
  }

  /** Blocks that devices hold, their slots pinned until {@link #start}. */
  static final class Hits {
    private final Block[] blocks;
    private final SsdDevice[] devices;
    private final int[] slots;
    private int count;

    private Hits(int capacity) {
      blocks = new Block[capacity];
      devices = new SsdDevice[capacity];
      slots = new int[capacity];
    }

    int count() {
      return count;
    }

    private void add(Block block, SsdDevice device, int slot) {
      blocks[count] = block;
      devices[count] = device;
      slots[count++] = slot;
    }
  }

  /** Fetches a block after all that a device could not give. */
  @FunctionalInterface
  interface Rest {
    void fetch(Block block);
  }

  /** Takes out of {@code missing} what some device holds; {@link #start} must follow. */
  @Nullable Hits take(Missing missing) {
    Hits hits = null;
    int kept = 0;
    for (int i = 0; i < missing.count; i++) {
      Block block = missing.blocks[i];
      BlockId id = new BlockId(block.object.identity(), block.decoded, block.number);
      SsdDevice holder = null;
      int slot = -1;
      for (int d = 0; d < devices.size() && slot < 0; d++) {
        holder = devices.get(d);
        slot = holder.pin(id);
      }
      if (holder == null || slot < 0) {
        missing.blocks[kept++] = block;
      } else {
        hits = hits == null ? new Hits(missing.count - i) : hits;
        block.fromSsd = true;
        hits.add(block, holder, slot);
      }
    }
    missing.count = kept;
    return hits;
  }

  /** Reads what was taken; each block is settled exactly once, by this or by {@code rest}. */
  void start(@Nullable Hits hits, Share share, Rest rest) {
    if (hits == null) {
      return;
    }
    for (int i = 0; i < hits.count; i++) {
      Block block = hits.blocks[i];
      hits.devices[i].read(
          hits.slots[i],
          tier.slab(),
          tier.slabOffset(block.place),
          bytes -> ended(share, block, bytes, rest));
    }
    for (SsdDevice device : devices) {
      device.flush();
    }
  }

  private void ended(Share share, Block block, int bytes, Rest rest) {
    if (bytes >= 0) {
      tier.fetched(share, block, bytes);
      return;
    }
    block.fromSsd = false;
    later.execute(
        () -> {
          try {
            rest.fetch(block);
          } catch (RuntimeException failure) {
            tier.failed(share, block, new IOException(block + ": " + failure, failure));
          }
        });
  }

  /** A session began. Under the lock of {@link RamTier}. */
  void opened(Job job) {
    jobs.add(job);
    bandSlots = -1;
  }

  /** A session ended. Under the lock of {@link RamTier}. */
  void closed(Job job) {
    jobs.remove(job);
    bandSlots = -1;
  }

  /**
   * Whether a block that has just come from elsewhere is to be written, and where. Under the lock
   * of {@link RamTier}.
   */
  @Nullable Target admit(Block block, Job job, int bytes) {
    long standing = standing(block);
    if (!wants(block, job, bytes, standing)) {
      return null;
    }
    CachedObject object = block.object;
    SsdDevice device = deviceOf(object.sample(block.decoded, block.number));
    BlockId id = new BlockId(object.identity(), block.decoded, block.number);
    // What came while it was being written is there by now; nothing need make room for it.
    if (device == null || device.holds(id) || !hasQuota(job, object.dataset, device, standing)) {
      return null;
    }
    return claim(device, id, bytes, object.dataset, job.id(), standing);
  }

  /**
   * Whether a block that has just come from elsewhere is one that is kept here, if there is room.
   * Under the lock of {@link RamTier}.
   */
  boolean wants(Block block, Job job, int bytes) {
    return wants(block, job, bytes, standing(block));
  }

  private boolean wants(Block block, Job job, int bytes, long standing) {
    return bytes > 0
        && !job.policy().bypass()
        && block.number <= BlockId.NUMBER_MAX
        // Decoded blocks stand together by frames, of which there may be few: no band for them.
        && (block.decoded || !Eviction.isOutside(standing, band));
  }

  private long standing(Block block) {
    refreshBand();
    return tier.standing(block.object.identity(), block.decoded, block.number, band, 0);
  }

  /**
   * A slot for a block, unless none is free. A slot takes two commits to become free; so while
   * blocks come that find none, worse ones go ahead of them, as many as lately found none. Blocks
   * that would be there only because there is room do not take the last slots, and make none free.
   */
  private @Nullable Target claim(
      SsdDevice device, BlockId id, int bytes, int dataset, int job, long standing) {
    boolean worthy = standing < Eviction.core(band) || Eviction.isUnplanned(standing);
    if (!worthy && device.freeSlots() <= device.slots() / LAST_PART) {
      return null;
    }
    int slot = device.claim(id, bytes, dataset, job);
    if (slot < 0 && (!worthy || device.holds(id))) {
      return null;
    }
    note(device, slot >= 0);
    if (worthy && device.freeSlots() < ahead) {
      var _ = device.evict(random, TRIES, standing, this::standing);
    }
    return slot >= 0 ? new Target(device, slot) : null;
  }

  /** Learns how many slots should be on their way to being free. */
  private void note(SsdDevice device, boolean found) {
    if (!found) {
      ahead = Math.min(ahead + 1, Math.max(1, device.slots() / AHEAD_PART));
      foundInRow = 0;
    } else if (++foundInRow % DECAY == 0) {
      ahead -= (ahead + 3) / 4;
    }
  }

  private long standing(BlockId id, int age) {
    return tier.standing(id.object(), id.decoded(), id.number(), band, age);
  }

  /**
   * Whether the quotas have room for a block that stands so. Where one is used up, a block of the
   * same job or dataset that is placed worse makes room, so that a job under a quota keeps what a
   * cache of that size would; where none is, the newcomer stays out. What belongs to no dataset has
   * no quota of one.
   */
  private boolean hasQuota(Job job, int dataset, SsdDevice device, long standing) {
    CachePolicy policy = job.policy();
    return hasRoom(policy.jobQuotaBytes(), job.id(), 0, device, standing)
        && (dataset == 0 || hasRoom(policy.datasetQuotaBytes(), 0, dataset, device, standing));
  }

  /** One quota: of a job or of a dataset, whichever is not 0. */
  private boolean hasRoom(long quotaBytes, int job, int dataset, SsdDevice device, long standing) {
    if (quotaBytes == Long.MAX_VALUE) {
      return true;
    }
    long most = quotaBytes / blockBytes;
    long used = devices.stream().mapToLong(d -> blocksOf(d, job, dataset)).sum();
    if (used < most) {
      return true;
    }
    // Too many by more than the newcomer, as after a lower quota: they go, however they stand.
    long score = used > most ? -1 : standing;
    return device.evictOf(job, dataset, random, tries(device, job, dataset), score, this::standing)
        && used == most
        && most > 0;
  }

  private static int blocksOf(SsdDevice device, int job, int dataset) {
    return job != 0 ? device.blocksOfJob(job) : device.blocksOfDataset(dataset);
  }

  /** So many that some of the few that are looked for are met, within what a lock may take. */
  private static int tries(SsdDevice device, int job, int dataset) {
    int own = Math.max(1, blocksOf(device, job, dataset));
    return (int) Math.min(QUOTA_TRIES, (long) TRIES * device.slots() / own);
  }

  /** One of the usable devices, each as often as it has slots. */
  private @Nullable SsdDevice deviceOf(long sample) {
    long total = usableSlots();
    if (total == 0) {
      return null;
    }
    // Other bits than the band's, or one device would have the band's front and one its back.
    long at = Long.remainderUnsigned((sample >>> 16) * 0x9E3779B97F4A7C15L, total);
    for (SsdDevice device : devices) {
      at -= device.isUsable() ? device.slots() : 0;
      if (at < 0) {
        return device;
      }
    }
    return null;
  }

  /** Blocks that fit on all devices, whether or not they are used now. */
  long slots() {
    return devices.stream().mapToLong(SsdDevice::slots).sum();
  }

  private long usableSlots() {
    long slots = 0;
    for (SsdDevice device : devices) {
      slots += device.isUsable() ? device.slots() : 0;
    }
    return slots;
  }

  private void refreshBand() {
    long slots = usableSlots();
    if (slots == bandSlots) {
      return;
    }
    bandSlots = slots;
    Map<Integer, Long> whole = new HashMap<>();
    Map<Integer, Long> read = new HashMap<>();
    for (Job job : jobs) {
      whole.merge(job.dataset(), job.policy().datasetBytes(), Math::max);
      read.merge(job.dataset(), job.policy().epochBytes(), Long::sum);
    }
    long total = 0;
    for (Map.Entry<Integer, Long> dataset : read.entrySet()) {
      // Ranks of one job add up; jobs on the same dataset do not make it larger.
      long bytes = Math.min(dataset.getValue(), whole.getOrDefault(dataset.getKey(), 0L));
      total += (bytes + blockBytes - 1) / blockBytes;
    }
    band = SampleBand.of(total, slots, tier.keptBlocks(), tier.sampleBlocks());
  }

  List<SsdStats> stats() {
    return devices.stream().map(SsdDevice::stats).toList();
  }

  /** Waits until everything that was to be written is, and is committed. */
  void drain() {
    devices.forEach(SsdDevice::drain);
  }

  /** One line for each device. */
  List<String> describe() {
    return stats().stream()
        .map(s -> "%s: %d of %d blocks, %s".formatted(s.device(), s.blocks(), s.slots(), s.state()))
        .toList();
  }

  /** Writes and commits what is under way, and gives the devices up. */
  @Override
  public void close() {
    for (SsdDevice device : devices) {
      try {
        device.close();
      } catch (IOException e) {
        // Whatever was committed is there; the rest was a copy.
        LOG.log(Level.WARNING, "closing a device of the cache failed: {0}", e.getMessage());
      }
    }
  }
}
