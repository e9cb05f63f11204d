package dev.penstock.loader.sidecar;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.penstock.bridge.ControlSocket;
import dev.penstock.bridge.Notifier;
import dev.penstock.bridge.PidWatch;
import dev.penstock.bridge.Poller;
import dev.penstock.loader.PipelineFailedException;
import dev.penstock.loader.SessionPlan;
import dev.penstock.loader.sidecar.RefusedException.Kind;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client from connect to its end: a platform thread that waits for messages, for the client's
 * death, for freed slots and for the pipeline's failure, and owns everything the client has here.
 */
final class Connection implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(Connection.class);

  // Places in the poller.
  private static final int SOCKET = 0;
  private static final int DEATH = 1;
  private static final int WAKE = 2;
  private static final int FREED = 3;

  private final Sidecar sidecar;
  private final ControlSocket socket;
  private final ControlSocket.Peer peer;
  private final Wire wire;
  private final Notifier wake;
  private final AtomicReference<@Nullable PipelineFailedException> failure =
      new AtomicReference<>();
  private final long connectedNanos = System.nanoTime();
  private volatile boolean stopping;
  private volatile String client = "";
  private volatile @Nullable ClientSession session;
  private boolean greeted;

  /** Takes the socket over. */
  Connection(Sidecar sidecar, ControlSocket socket) throws IOException {
    this.sidecar = sidecar;
    this.socket = socket;
    this.peer = socket.peer();
    this.wire = new Wire(socket);
    this.wake = Notifier.create();
  }

  /** Ends the connection soon; its thread does the rest. */
  void stop() {
    stopping = true;
    wake.signal();
  }

  @Override
  public void run() {
    try (wake) {
      try (wire) {
        greetAndServe();
      } catch (IOException e) {
        LOG.debug("process {} went away", peer.pid(), e);
      } catch (RuntimeException | Error e) {
        LOG.error("connection of process {} failed", peer.pid(), e);
      } finally {
        sidecar.forget(this); // from here on nobody stops it, so that it may close what wakes it
      }
    }
  }

  private void greetAndServe() throws IOException {
    try {
      sidecar.checkPeer(peer);
      serve();
    } catch (RefusedException e) {
      LOG.warn("process {}: {}", peer.pid(), e.text());
      endSession();
      wire.send(Messages.error(e, false));
    } finally {
      endSession();
    }
  }

  private void serve() throws IOException, RefusedException {
    Optional<PidWatch> watch = watch();
    try (Poller poller =
        Poller.of(
            wire.descriptor(), watch.map(PidWatch::descriptor).orElse(-1), wake.descriptor(), -1)) {
      while (!stopping) {
        ClientSession now = session;
        poller.set(FREED, now == null ? -1 : now.freeDescriptor());
        poller.await(-1);
        if (poller.isReady(DEATH)) {
          LOG.info("process {} has ended", peer.pid());
          return;
        }
        if (poller.isReady(WAKE)) {
          wake.drain();
          reportFailure();
        }
        if (now != null && poller.isReady(FREED)) {
          now.slotsFreed();
        }
        if (poller.isReady(SOCKET) && !receive()) {
          return;
        }
      }
    } finally {
      watch.ifPresent(PidWatch::close);
    }
  }

  /** Empty when the client lives in another process namespace: then end-of-file has to do. */
  private Optional<PidWatch> watch() {
    try {
      return Optional.of(PidWatch.ofPeer(socket));
    } catch (IOException e) {
      LOG.warn("process {} cannot be watched: {}", peer.pid(), e.getMessage());
      return Optional.empty();
    }
  }

  private boolean receive() throws IOException, RefusedException {
    boolean more = wire.fill();
    for (Optional<JsonNode> next = wire.next(); next.isPresent(); next = wire.next()) {
      handle(next.get());
    }
    return more;
  }

  private void handle(JsonNode message) throws IOException, RefusedException {
    String type = message.get("type").textValue();
    if (!greeted && !type.equals("HELLO")) {
      throw new RefusedException(Kind.BAD_REQUEST, type + " came before HELLO");
    }
    switch (type) {
      case "HELLO" -> greet(message);
      case "OPEN" -> answer(() -> open(message));
      case "RING" -> answer(() -> ring(message));
      case "CLOSE" -> {
        endSession();
        wire.send(Messages.message("CLOSED"));
      }
      case "STATUS" -> wire.send(Messages.message("STATUS").set("status", sidecar.statusTree()));
      default ->
          throw new RefusedException(
              Kind.BAD_REQUEST,
              "message type %s is not known to protocol %d".formatted(type, Messages.PROTOCOL));
    }
  }

  private void greet(JsonNode message) throws IOException, RefusedException {
    boolean common = false;
    for (JsonNode version : message.path("protocols")) {
      common |= version.asInt(-1) == Messages.PROTOCOL;
    }
    if (!common) {
      throw new RefusedException(
          Kind.VERSION,
          "the client speaks protocol %s, this daemon %d; use the same release on both sides"
              .formatted(message.path("protocols"), Messages.PROTOCOL));
    }
    client = message.path("client").asText("");
    greeted = true;
    wire.send(Messages.welcome());
  }

  /** A request that may be refused while the connection goes on. */
  @FunctionalInterface
  private interface Request {
    void run() throws IOException, RefusedException;
  }

  private void answer(Request request) throws IOException {
    try {
      request.run();
    } catch (RefusedException e) {
      LOG.warn("process {}: {}", peer.pid(), e.text());
      endSession();
      wire.dropDescriptors();
      wire.send(Messages.error(e, true));
    }
  }

  private void open(JsonNode message) throws IOException, RefusedException {
    endSession();
    OpenRequest request = OpenRequest.of(message);
    ClientSession planned = sidecar.plan(request);
    session = planned;
    long slotBytes = Math.max(planned.plan().slotBytes(), request.minSlotBytes());
    int slotCount = request.slots().orElse(sidecar.config().slots());
    wire.send(planned.message(slotBytes, slotCount));
  }

  private void ring(JsonNode message) throws IOException, RefusedException {
    ClientSession planned = session;
    if (planned == null || planned.isRunning()) {
      throw new RefusedException(Kind.BAD_REQUEST, "RING came without an OPEN before it");
    }
    failure.set(null);
    sidecar.start(planned, message, wire, this::failed);
    SessionPlan plan = planned.plan();
    LOG.info(
        "process {}: rank {} of {} reads {}",
        peer.pid(),
        plan.config().rank(),
        plan.config().world(),
        plan.describe());
  }

  /** Called on a pipeline thread. */
  private void failed(PipelineFailedException cause) {
    failure.set(cause);
    wake.signal();
  }

  private void reportFailure() throws IOException {
    PipelineFailedException cause = failure.getAndSet(null);
    if (cause == null) {
      return;
    }
    endSession();
    var needed = Failures.neededSlotBytes(cause);
    if (needed.isPresent()) {
      LOG.info("process {}: needs slots of {} bytes", peer.pid(), needed.getAsLong());
      wire.send(Messages.resize(needed.getAsLong()));
      return;
    }
    LOG.warn("session of process {} failed", peer.pid(), cause);
    wire.send(Messages.error(Failures.ofRun(cause), true));
  }

  private void endSession() {
    ClientSession ended = session;
    session = null;
    if (ended != null) {
      sidecar.end(ended);
      // Its threads have ended. What it failed with meanwhile must not end the session after it.
      failure.set(null);
    }
  }

  /** What {@code penstock status} shows of this client. */
  ObjectNode status() {
    ObjectNode json =
        Messages.JSON
            .createObjectNode()
            .put("client", client)
            .put("pid", peer.pid())
            .put("connected_seconds", (System.nanoTime() - connectedNanos) / 1e9);
    ClientSession now = session;
    if (now != null) {
      json.set("session", now.status());
    }
    return json;
  }
}
