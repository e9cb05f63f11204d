package dev.penstock.loader.sidecar;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.penstock.bridge.Notifier;
import dev.penstock.bridge.SharedRegion;
import dev.penstock.loader.Engine;
import dev.penstock.loader.LoaderStats;
import dev.penstock.loader.PipelineFailedException;
import dev.penstock.loader.Session;
import dev.penstock.loader.SessionPlan;
import dev.penstock.loader.metrics.PipelineMetrics;
import dev.penstock.loader.sidecar.RefusedException.Kind;
import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A planned session and, once the client has sent its ring, the pipeline that fills it. Owns the
 * mapping and the eventfds. Opened and closed by its connection's thread; {@link #status} may be
 * asked by any.
 */
final class ClientSession implements AutoCloseable {
  private final long number;
  private final long daemonEpoch;
  private final SessionPlan plan;
  private volatile @Nullable Running running;

  /** What exists from RING on. */
  private record Running(
      SharedRegion region,
      Notifier ready,
      Notifier free,
      SharedRing ring,
      Session session,
      PipelineMetrics.Registration counted) {}

  ClientSession(long number, long daemonEpoch, SessionPlan plan) {
    this.number = number;
    this.daemonEpoch = daemonEpoch;
    this.plan = plan;
  }

  SessionPlan plan() {
    return plan;
  }

  /** The PLAN message. */
  ObjectNode message(long slotBytes, int slotCount) {
    return Messages.plan(plan, number, daemonEpoch, slotBytes, slotCount);
  }

  boolean isRunning() {
    return running != null;
  }

  /**
   * Maps the ring of a RING message and starts the pipeline.
   *
   * @param wire has the descriptors (memfd, ready eventfd, free eventfd), which are taken over
   */
  void start(
      Engine engine,
      PipelineMetrics metrics,
      JsonNode message,
      Wire wire,
      Consumer<PipelineFailedException> onFailure)
      throws RefusedException, IOException {
    if (wire.descriptorCount() != 3) {
      throw new RefusedException(
          Kind.RING,
          "RING came with %d descriptors, not with memfd, ready eventfd and free eventfd"
              .formatted(wire.descriptorCount()));
    }
    long slotBytes = message.path("slot_bytes").asLong(-1);
    int slotCount = message.path("slot_count").asInt(-1);
    SharedRegion region = region(message, wire);
    try {
      Notifier ready = Notifier.fromDescriptor(wire.takeDescriptor());
      try {
        Notifier free = Notifier.fromDescriptor(wire.takeDescriptor());
        try {
          check(region, slotCount, slotBytes);
          SharedRing ring =
              new SharedRing(region.segment(), slotCount, slotBytes, daemonEpoch, ready::signal);
          // Before the pipeline can say anything.
          wire.send(Messages.message("STARTED"));
          Session session = engine.start(plan, ring, onFailure);
          PipelineMetrics.Registration counted = counted(metrics, session);
          running = new Running(region, ready, free, ring, session, counted);
        } catch (RefusedException | IOException | RuntimeException | Error e) {
          free.close();
          throw e;
        }
      } catch (RefusedException | IOException | RuntimeException | Error e) {
        ready.close();
        throw e;
      }
    } catch (RefusedException | IOException | RuntimeException | Error e) {
      region.close();
      throw e;
    }
  }

  private PipelineMetrics.Registration counted(PipelineMetrics metrics, Session session) {
    try {
      return metrics.add(Long.toString(number), session);
    } catch (RuntimeException | Error e) {
      session.close(); // else it would go on writing into memory that is unmapped next
      throw e;
    }
  }

  private static SharedRegion region(JsonNode message, Wire wire) throws RefusedException {
    int version = message.path("layout_version").asInt(-1);
    if (version != RingLayout.VERSION) {
      throw new RefusedException(
          Kind.VERSION,
          "the client's ring has layout version %d, this daemon knows %d; use the same release on both sides"
              .formatted(version, RingLayout.VERSION));
    }
    try {
      return SharedRegion.fromDescriptor(
          wire.takeDescriptor(), message.path("region_bytes").asLong(-1));
    } catch (IOException e) {
      throw new RefusedException(Kind.RING, e);
    }
  }

  private void check(SharedRegion region, int slotCount, long slotBytes) throws RefusedException {
    long bytes = region.segment().byteSize();
    if (region.presentBytes() < bytes) {
      throw new RefusedException(
          Kind.RING,
          "only %d bytes of the ring's %d are present; the client has to touch all pages first"
              .formatted(region.presentBytes(), bytes));
    }
    try {
      RingLayout.check(region.segment(), slotCount, slotBytes, daemonEpoch);
    } catch (RingException e) {
      throw new RefusedException(Kind.RING, e);
    }
    if (slotBytes < plan.slotBytes()) {
      throw new RefusedException(
          Kind.RING,
          "slots have %d bytes, PLAN asked for %d".formatted(slotBytes, plan.slotBytes()));
    }
  }

  /** The client's free eventfd for a poller; -1 while there is no ring. */
  int freeDescriptor() {
    Running now = running;
    return now == null ? -1 : now.free.descriptor();
  }

  /** Passes on that the client has rung. */
  void slotsFreed() {
    Running now = running;
    if (now != null) {
      now.free.drain();
      now.ring.slotsFreed();
    }
  }

  /** What {@code penstock status} shows of it. */
  synchronized ObjectNode status() {
    ObjectNode json = Messages.JSON.createObjectNode();
    json.put("session", number)
        .put("dataset", plan.config().describeData())
        .put("rank", plan.config().rank())
        .put("world_size", plan.config().world())
        .put("batch_size", plan.config().batchSize())
        .put("order_id", plan.orderId());
    Running now = running;
    if (now == null) {
      return json.put("state", "planned");
    }
    LoaderStats stats = now.session.stats(now.ring.waitedNanos());
    int[] slots = now.ring.counts();
    json.put("state", "running")
        .put("batches", stats.batches())
        .put("samples", stats.samples())
        .put("payload_bytes", stats.payloadBytes())
        .put("bad_samples", stats.badSamples())
        .put("wall_seconds", stats.wallNanos() / 1e9)
        .put("consumer_wait_seconds", stats.consumerWaitNanos() / 1e9)
        .put("verdict", stats.verdict());
    json.putObject("slots")
        .put("bytes", now.ring.slotBytes())
        .put("free", slots[RingLayout.FREE])
        .put("ready", slots[RingLayout.READY])
        .put("held", slots[RingLayout.HELD]);
    if (!stats.sources().isEmpty()) {
      ObjectNode sources = json.putObject("sources");
      stats.sources().forEach(source -> sources.put(source.name(), source.samples()));
    }
    ObjectNode stages = json.putObject("stages");
    for (LoaderStats.Stage stage : stats.stages()) {
      stages
          .putObject(stage.name())
          .put("samples", stage.samples())
          .put("bytes", stage.bytes())
          .put("busy_seconds", stage.busyNanos() / 1e9)
          .put("starved_seconds", stage.starvedNanos() / 1e9)
          .put("blocked_seconds", stage.blockedNanos() / 1e9);
    }
    return json;
  }

  /** Stops the pipeline; nothing writes into the ring afterwards, and nothing of it is mapped. */
  @Override
  public void close() {
    Running now = running;
    if (now == null) {
      return;
    }
    now.counted.close();
    now.session.close();
    // Under the lock that status reads the ring with: it must not read what is not mapped any more.
    synchronized (this) {
      running = null;
      now.ring.close();
      now.region.close();
      now.ready.close();
      now.free.close();
    }
  }
}
