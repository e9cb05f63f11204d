package dev.penstock.cache.origin;

import dev.penstock.cache.origin.OriginException.Kind;
import dev.penstock.cache.origin.OriginException.Retry;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Another origin, with faults. Which reads fail, and how, is a function of the seed, the object,
 * the offset and how often that offset was read before; so a run repeats as long as its requests
 * do, whatever its threads do.
 */
public final class FaultyOrigin implements Origin {
  /** What can go wrong. */
  public enum Fault {
    /** The read fails; the next attempt may succeed. */
    ERROR,
    /** The read fails for good. */
    DENIED,
    /** Some bytes come, then the answer breaks off. */
    SHORT_READ,
    /** The answer comes late. */
    STALL,
    /** The object ends before its size says so: a property of the object, not of the read. */
    TRUNCATION,
    /** One bit of the answer is wrong. */
    BIT_FLIP,
    /** The object turns out to be another version. */
    CHANGED
  }

  /**
   * How likely each fault is, of a read or (truncation) of an object.
   *
   * @param likelihood from 0 to 1; a fault that is missing never happens
   * @param stallMillis how late a stalled answer comes
   */
  public record Faults(Map<Fault, Double> likelihood, long stallMillis) {
    /** No faults. */
    public static final Faults NONE = new Faults(Map.of(), 0);

    /** Copies the map. */
    public Faults {
      likelihood = Map.copyOf(likelihood);
    }

    double of(Fault fault) {
      return likelihood.getOrDefault(fault, 0.0);
    }
  }

  private record Place(String location, long offset) {}

  private final Origin inner;
  private final Faults faults;
  private final long seed;
  private final Map<Place, AtomicInteger> attempts = new ConcurrentHashMap<>();
  private final Map<Fault, LongAdder> injected = new EnumMap<>(Fault.class);
  private final ScheduledExecutorService late =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("penstock-faulty-origin").factory());

  /** Wraps {@code inner}, which this origin closes. */
  public FaultyOrigin(Origin inner, Faults faults, long seed) {
    this.inner = inner;
    this.faults = faults;
    this.seed = seed;
    for (Fault fault : Fault.values()) {
      injected.put(fault, new LongAdder());
    }
  }

  /** How often a fault was injected. */
  public long injected(Fault fault) {
    LongAdder count = injected.get(fault);
    return count == null ? 0 : count.sum();
  }

  @Override
  public boolean handles(String location) {
    return inner.handles(location);
  }

  @Override
  public Optional<StoredObject> find(String location) throws OriginException {
    return inner.find(location);
  }

  @Override
  public List<StoredObject> list(String directory, int depth) throws OriginException {
    return inner.list(directory, depth);
  }

  @Override
  public OpenObject open(StoredObject object) throws OriginException {
    return new FaultyObject(inner.open(object));
  }

  @Override
  public void attach(MemorySegment slab) {
    inner.attach(slab);
  }

  @Override
  public boolean isRemote(String location) {
    return inner.isRemote(location);
  }

  @Override
  public String description() {
    return "faulty (seed %d): %s".formatted(seed, inner.description());
  }

  @Override
  public void close() {
    late.close();
    inner.close();
  }

  private final class FaultyObject implements OpenObject {
    private final OpenObject open;
    private final String location;
    private final long cut;

    FaultyObject(OpenObject open) {
      this.open = open;
      this.location = open.object().location();
      long dice = mix(location.hashCode(), -1, 0);
      boolean truncated = unit(dice) < faults.of(Fault.TRUNCATION);
      long size = open.object().sizeBytes();
      this.cut = truncated ? Math.floorMod(mix(dice, 1, 1), Math.max(1, size)) : size;
    }

    @Override
    public StoredObject object() {
      return open.object();
    }

    @Override
    public void read(RangeRead read) {
      long[] slabOffsets = new long[read.blockCount()];
      for (int i = 0; i < slabOffsets.length; i++) {
        slabOffsets[i] = read.slabOffset(i);
      }
      open.read(
          new RangeRead(
              read.offset(),
              read.length(),
              read.slab(),
              slabOffsets,
              read.blockBytes(),
              new FaultySink(this, read)));
    }

    @Override
    public void flush() {
      open.flush();
    }

    @Override
    public int readNow(long offset, MemorySegment target, long targetOffset, int length)
        throws OriginException {
      Dice dice = roll(location, offset);
      OriginException failure = dice.failure(location, offset, length);
      if (failure != null) {
        throw failure;
      }
      int bytes = open.readNow(offset, target, targetOffset, length);
      if (offset + bytes > cut) {
        count(Fault.TRUNCATION);
        throw open.endedEarly(offset, length, Math.max(0, cut - offset));
      }
      if (bytes > 0 && dice.hits(Fault.BIT_FLIP)) {
        flip(target, targetOffset, bytes, dice.value);
      }
      return bytes;
    }

    @Override
    public boolean isResident() {
      return open.isResident();
    }

    @Override
    public OriginException endedEarly(long offset, long length, long found) {
      return open.endedEarly(offset, length, found);
    }

    @Override
    public void close() {
      open.close();
    }
  }

  /** Spoils the answers of one read. */
  private final class FaultySink implements RangeRead.Sink {
    private final FaultyObject object;
    private final RangeRead read;

    FaultySink(FaultyObject object, RangeRead read) {
      this.object = object;
      this.read = read;
    }

    @Override
    public void arrived(int block, int bytes) {
      long offset = read.blockOffset(block);
      Dice dice = roll(object.location, offset);
      if (dice.hits(Fault.STALL)) {
        var _ =
            late.schedule(
                () -> spoil(block, bytes, offset, dice),
                faults.stallMillis(),
                TimeUnit.MILLISECONDS);
        return;
      }
      spoil(block, bytes, offset, dice);
    }

    private void spoil(int block, int bytes, long offset, Dice dice) {
      OriginException failure = dice.failure(object.location, offset, bytes);
      if (failure != null) {
        read.sink().failed(block, failure);
        return;
      }
      int given = bytes;
      if (offset + bytes > object.cut) {
        count(Fault.TRUNCATION);
        given = Math.clamp(object.cut - offset, 0, bytes);
      } else if (bytes > 1 && dice.hits(Fault.SHORT_READ)) {
        given = 1 + (int) Math.floorMod(dice.value, (long) bytes - 1);
      }
      if (given > 0 && dice.hits(Fault.BIT_FLIP)) {
        flip(read.slab(), read.slabOffset(block), given, dice.value);
      }
      read.sink().arrived(block, given);
    }

    @Override
    public void failed(int block, OriginException failure) {
      read.sink().failed(block, failure);
    }
  }

  /** The fate of one read. */
  private final class Dice {
    private final long value;

    Dice(long value) {
      this.value = value;
    }

    boolean hits(Fault fault) {
      boolean hit = unit(mix(value, fault.name().hashCode(), 7)) < faults.of(fault);
      if (hit) {
        count(fault);
      }
      return hit;
    }

    @Nullable OriginException failure(String location, long offset, long length) {
      if (hits(Fault.ERROR)) {
        return failed(Kind.FAILED, Retry.TEMPORARY, location, offset, length);
      }
      if (hits(Fault.DENIED)) {
        return failed(Kind.DENIED, Retry.PERMANENT, location, offset, length);
      }
      if (hits(Fault.CHANGED)) {
        return failed(Kind.CHANGED, Retry.PERMANENT, location, offset, length);
      }
      return null;
    }

    private static OriginException failed(
        Kind kind, Retry retry, String location, long offset, long length) {
      return new OriginException(kind, retry, location, offset, length, "injected fault");
    }
  }

  private Dice roll(String location, long offset) {
    int attempt =
        attempts
            .computeIfAbsent(new Place(location, offset), _ -> new AtomicInteger())
            .getAndIncrement();
    return new Dice(mix(location.hashCode(), offset, attempt));
  }

  private void count(Fault fault) {
    LongAdder count = injected.get(fault);
    if (count != null) {
      count.increment();
    }
  }

  private static void flip(MemorySegment segment, long offset, int length, long dice) {
    long at = offset + Math.floorMod(dice >>> 3, (long) length);
    byte wrong = (byte) (segment.get(ValueLayout.JAVA_BYTE, at) ^ (1 << (dice & 7)));
    segment.set(ValueLayout.JAVA_BYTE, at, wrong);
  }

  private static double unit(long bits) {
    return (bits >>> 11) * 0x1.0p-53;
  }

  /** The finaliser of SplitMix64 over the seed and three values. */
  private long mix(long a, long b, long c) {
    long z =
        seed ^ (a * 0x9E3779B97F4A7C15L) ^ (b * 0xC2B2AE3D27D4EB4FL) ^ (c * 0x165667B19E3779F9L);
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
