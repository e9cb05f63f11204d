package dev.penstock.loader.sidecar;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.penstock.bridge.ControlListener;
import dev.penstock.bridge.ControlSocket;
import dev.penstock.bridge.ErrnoException;
import dev.penstock.bridge.Notifier;
import dev.penstock.bridge.PidWatch;
import dev.penstock.bridge.Poller;
import dev.penstock.loader.Engine;
import dev.penstock.loader.PipelineFailedException;
import dev.penstock.loader.SessionPlan;
import dev.penstock.loader.metrics.MetricsServer;
import dev.penstock.loader.metrics.PipelineMetrics;
import dev.penstock.loader.sidecar.RefusedException.Kind;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The process that fills the rings of its trainers: one engine, so one cache and one byte budget,
 * for all of them. A thread accepts; each client has a thread of its own ({@link Connection}).
 *
 * <p>Thread-safe. It ends by {@link #close}, or when the parent it was given has died; then {@link
 * #run} returns.
 */
public final class Sidecar implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Sidecar.class);

  // Places in the acceptor's poller, after the listener's.
  private static final int STOP = 1;
  private static final int PARENT = 2;

  /** Long enough for somebody to close something, short enough for a client not to give up. */
  private static final long ACCEPT_PAUSE_MILLIS = 100;

  private final SidecarConfig config;
  private final RunDirectory directory;
  private final ControlListener listener;
  private final Engine engine;
  private final PipelineMetrics metrics;
  private final Optional<MetricsServer> metricsServer;
  private final AllowList allowed;
  private final Notifier stop;

  /** Opened before anybody is told that this is ready; the acceptor closes it. */
  private final PidWatches parent;

  private final Thread acceptor;
  private final CountDownLatch ended = new CountDownLatch(1);
  private final AtomicLong sessions = new AtomicLong();
  private final int ownUid;
  private final long startNanos = System.nanoTime();

  /** Different in every life of a sidecar, so that two never own one ring. */
  private final long firstEpoch = ThreadLocalRandom.current().nextLong(1, 1L << 61);

  // Guarded by itself.
  private final Map<Connection, Thread> connections = new HashMap<>();
  private int running;
  private boolean closed;

  // The acceptor's own: whether a shortage is news.
  private boolean acceptsAgain = true;

  private Sidecar(
      SidecarConfig config, RunDirectory directory, ControlListener listener, Engine engine)
      throws IOException {
    this.config = config;
    this.directory = directory;
    this.listener = listener;
    this.engine = engine;
    this.allowed = new AllowList(config.allowed());
    this.ownUid = ownUid();
    this.metrics = new PipelineMetrics(engine);
    this.metricsServer =
        config.metricsPort().isPresent()
            ? Optional.of(MetricsServer.open(config.metricsPort().getAsInt(), metrics))
            : Optional.empty();
    this.stop = Notifier.create();
    this.parent = PidWatches.of(config.parentPid());
    this.acceptor = Thread.ofPlatform().name("penstock-accept").unstarted(this::accept);
  }

  /** Our uid as the kernel gives it to peers. */
  private static int ownUid() throws IOException {
    ControlSocket[] pair = ControlSocket.pair();
    try (ControlSocket one = pair[0];
        ControlSocket other = pair[1]) {
      other.descriptor();
      return one.peer().uid();
    }
  }

  /**
   * Listens and serves; returns at once.
   *
   * @throws IOException if the run directory is not ours alone, or another sidecar runs in it
   * @throws dev.penstock.bridge.BudgetExceededException if the memory budget is too small
   */
  public static Sidecar open(SidecarConfig config) throws IOException {
    RunDirectory directory = RunDirectory.prepare(config.runDirectory());
    Engine engine = Engine.open(config.engine());
    try {
      ControlListener listener = ControlListener.listen(directory.socket());
      try {
        Sidecar sidecar = new Sidecar(config, directory, listener, engine);
        sidecar.acceptor.start();
        return sidecar;
      } catch (IOException | RuntimeException | Error e) {
        listener.close();
        throw e;
      }
    } catch (IOException | RuntimeException | Error e) {
      engine.close();
      throw e;
    }
  }

  /** Where clients connect. */
  public Path socket() {
    return directory.socket();
  }

  SidecarConfig config() {
    return config;
  }

  /**
   * Waits until the parent has died or {@link #close} was called, and closes. A signal that ends
   * the Java machine closes, too.
   */
  public void run() throws InterruptedException {
    Thread hook = Thread.ofPlatform().name("penstock-stop").unstarted(this::close);
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      ended.await();
    } finally {
      close();
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException e) {
        LOG.debug("the Java machine is ending already");
      }
    }
  }

  // ---- the acceptor's thread ----

  private void accept() {
    try (PidWatches watched = parent;
        Poller poller = Poller.of(listener.descriptor(), stop.descriptor(), watched.descriptor());
        Poller ending = Poller.of(stop.descriptor(), watched.descriptor())) {
      while (true) {
        poller.await(-1);
        if (poller.isReady(STOP)) {
          return;
        }
        if (poller.isReady(PARENT)) {
          LOG.info("the parent has ended");
          return;
        }
        acceptOne(ending);
      }
    } catch (ClosedChannelException e) {
      LOG.debug("closed while it accepted a client");
    } catch (IOException | RuntimeException | Error e) {
      if (isClosed()) { // perhaps before this thread had begun
        LOG.debug("closed while it accepted clients", e);
      } else {
        LOG.error("the sidecar cannot accept clients any more", e);
      }
    } finally {
      ended.countDown();
    }
  }

  private boolean isClosed() {
    synchronized (connections) {
      return closed;
    }
  }

  /** A shortage of descriptors or memory passes; who waits to be accepted waits a little longer. */
  private void acceptOne(Poller ending) throws IOException {
    try {
      welcome(listener.accept());
      acceptsAgain = true;
    } catch (ErrnoException e) {
      if (!e.isShortage()) {
        throw e;
      }
      if (acceptsAgain) {
        acceptsAgain = false;
        LOG.warn("clients have to wait: {}; ulimit -n is the limit of descriptors", e.getMessage());
      }
      ending.await(ACCEPT_PAUSE_MILLIS);
    }
  }

  private void welcome(ControlSocket socket) {
    try {
      Connection connection = new Connection(this, socket);
      Thread thread = Thread.ofPlatform().name("penstock-client").unstarted(connection);
      synchronized (connections) {
        connections.put(connection, thread);
      }
      thread.start();
    } catch (IOException e) {
      LOG.debug("a client left before it was welcomed", e);
      socket.close();
    }
  }

  // ---- called by connections ----

  void checkPeer(ControlSocket.Peer peer) throws RefusedException {
    if (peer.uid() != ownUid) {
      throw new RefusedException(
          Kind.REFUSED,
          "process %d belongs to uid %d, this sidecar serves uid %d only"
              .formatted(peer.pid(), peer.uid(), ownUid));
    }
  }

  ClientSession plan(OpenRequest request) throws RefusedException {
    allowed.checkRequest(request.session().patterns());
    for (String file : request.session().filterFiles()) {
      allowed.checkLocation(file);
    }
    try {
      SessionPlan plan = engine.plan(request.session());
      for (String location : plan.locations()) {
        allowed.checkLocation(location);
      }
      long number = sessions.incrementAndGet();
      return new ClientSession(number, firstEpoch + number, plan);
    } catch (IOException | RuntimeException e) {
      throw Failures.ofOpening(e);
    }
  }

  void start(
      ClientSession planned,
      JsonNode message,
      Wire wire,
      Consumer<PipelineFailedException> onFailure)
      throws RefusedException {
    synchronized (connections) {
      if (running >= config.engine().maxSessions()) {
        throw new RefusedException(
            Kind.MEMORY,
            "%d sessions share the memory already, as many as this sidecar takes; start it with a larger --max-sessions (and --memory)"
                .formatted(running));
      }
      running++;
    }
    try {
      planned.start(engine, metrics, message, wire, onFailure);
    } catch (IOException | RuntimeException e) {
      throw Failures.ofOpening(e);
    } finally {
      if (!planned.isRunning()) {
        stopped();
      }
    }
  }

  void end(ClientSession session) {
    boolean ran = session.isRunning();
    session.close();
    if (ran) {
      stopped();
    }
  }

  private void stopped() {
    synchronized (connections) {
      running--;
    }
  }

  void forget(Connection connection) {
    synchronized (connections) {
      connections.remove(connection);
    }
  }

  // ---- status ----

  /** The counters of sidecar and sessions in Prometheus' text format. */
  public String metrics() {
    return metrics.scrape();
  }

  /** The state of sidecar and sessions as one JSON object, for people and machines. */
  public String status() {
    return statusTree().toPrettyString();
  }

  ObjectNode statusTree() {
    ObjectNode json =
        Messages.JSON
            .createObjectNode()
            .put("daemon", Messages.DAEMON)
            .put("pid", ProcessHandle.current().pid())
            .put("run_dir", String.valueOf(directory.socket().getParent()))
            .put("uptime_seconds", (System.nanoTime() - startNanos) / 1e9)
            .put("reading", engine.description());
    metricsServer.ifPresent(server -> json.put("metrics_port", server.port()));
    ObjectNode memory = json.putObject("memory");
    memory
        .put("budget_bytes", engine.budget().capacityBytes())
        .put("used_bytes", engine.budget().usedBytes());
    ObjectNode purposes = memory.putObject("used_by_purpose");
    engine.budget().usedByPurpose().forEach(purposes::put);
    ArrayNode ssd = json.putArray("cache_dirs");
    engine.ssdDevices().forEach(ssd::add);
    ArrayNode clients = json.putArray("clients");
    List<Connection> now;
    synchronized (connections) {
      now = new ArrayList<>(connections.keySet());
    }
    now.forEach(connection -> clients.add(connection.status()));
    return json;
  }

  // ---- closing ----

  /** Ends every session, frees everything, removes the socket. Idempotent. */
  @Override
  public void close() {
    synchronized (connections) {
      if (closed) {
        return;
      }
      closed = true;
    }
    stop.signal();
    closeListener(); // ends an accept whose client has gone already
    joinUninterruptibly(acceptor);
    List<Thread> threads;
    synchronized (connections) {
      connections.keySet().forEach(Connection::stop);
      threads = new ArrayList<>(connections.values());
    }
    threads.forEach(Sidecar::joinUninterruptibly);
    metricsServer.ifPresent(MetricsServer::close);
    metrics.close();
    engine.close();
    stop.close();
    if (config.parentPid().isPresent()) {
      directory.remove();
    }
  }

  private void closeListener() {
    try {
      listener.close();
    } catch (IOException e) {
      LOG.warn("removing {} failed", directory.socket(), e);
    }
  }

  private static void joinUninterruptibly(Thread thread) {
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** The parent's watch, if there is a parent. */
  private record PidWatches(Optional<PidWatch> watch) implements AutoCloseable {
    static PidWatches of(OptionalLong pid) throws IOException {
      return new PidWatches(
          pid.isPresent()
              ? Optional.of(PidWatch.open(Math.toIntExact(pid.getAsLong())))
              : Optional.empty());
    }

    int descriptor() {
      return watch.map(PidWatch::descriptor).orElse(-1);
    }

    @Override
    public void close() {
      watch.ifPresent(PidWatch::close);
    }
  }
}
