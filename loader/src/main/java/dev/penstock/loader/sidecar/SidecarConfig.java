package dev.penstock.loader.sidecar;

import dev.penstock.loader.EngineConfig;
import dev.penstock.loader.LoaderConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * What a {@link Sidecar} needs to know; all else comes from the trainers.
 *
 * @param runDirectory where its socket is; made with mode 0700 if it does not exist
 * @param engine memory, threads and the way of reading, shared by all sessions; its {@code
 *     maxSessions} is how many are served at once
 * @param allowed prefixes of the dataset locations that trainers may name; all if empty
 * @param parentPid process with which the sidecar ends, removing its run directory (a private one)
 * @param metricsPort port of the loopback address that serves {@code /metrics}; 0 takes a free one,
 *     none is served if empty
 * @param slots how many batches may wait or be held, unless a trainer asks for another number
 */
public record SidecarConfig(
    Path runDirectory,
    EngineConfig engine,
    List<String> allowed,
    OptionalLong parentPid,
    OptionalInt metricsPort,
    int slots) {
  /** Checks and copies. */
  public SidecarConfig {
    allowed = List.copyOf(allowed);
    if (slots < RingLayout.SLOT_COUNT_MIN || slots > RingLayout.SLOT_COUNT_MAX) {
      throw new IllegalArgumentException(
          "--ring-slots: value is %d, allowed are %d to %d"
              .formatted(slots, RingLayout.SLOT_COUNT_MIN, RingLayout.SLOT_COUNT_MAX));
    }
  }

  /** Everything allowed, no parent, the usual number of slots. */
  public static SidecarConfig of(Path runDirectory, EngineConfig engine) {
    return new SidecarConfig(
        runDirectory,
        engine.withLocalRings(false),
        List.of(),
        OptionalLong.empty(),
        OptionalInt.empty(),
        LoaderConfig.DEFAULT_SLOTS);
  }

  /** The same for these dataset locations only. */
  public SidecarConfig withAllowed(List<String> prefixes) {
    return new SidecarConfig(runDirectory, engine, prefixes, parentPid, metricsPort, slots);
  }

  /** The same, ending with a process. */
  public SidecarConfig withParentPid(long pid) {
    return new SidecarConfig(
        runDirectory, engine, allowed, OptionalLong.of(pid), metricsPort, slots);
  }

  /** The same, serving its counters on a port of the loopback address. */
  public SidecarConfig withMetricsPort(int port) {
    return new SidecarConfig(runDirectory, engine, allowed, parentPid, OptionalInt.of(port), slots);
  }

  /** The same with another number of slots. */
  public SidecarConfig withSlots(int count) {
    return new SidecarConfig(runDirectory, engine, allowed, parentPid, metricsPort, count);
  }
}
