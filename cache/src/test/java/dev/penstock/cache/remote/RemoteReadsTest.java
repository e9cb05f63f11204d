package dev.penstock.cache.remote;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.cache.http.HttpClientConfig;
import dev.penstock.cache.origin.OpenObject;
import dev.penstock.cache.origin.OriginException;
import dev.penstock.cache.origin.OriginException.Kind;
import dev.penstock.cache.origin.OriginException.Retry;
import dev.penstock.cache.origin.OriginStats;
import dev.penstock.cache.origin.RangeRead;
import dev.penstock.cache.origin.StoredObject;
import dev.penstock.cache.remote.FaultServer.Fault;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Bad days of a web server. */
@Timeout(60)
final class RemoteReadsTest {
  private static final int BLOCK = 16 << 10;
  private static final RemoteConfig QUICK = RemoteConfig.defaults().withPauses(1, 4, 10_000);
  private static final HttpClientConfig IMPATIENT =
      HttpClientConfig.defaults().withMillis(2_000, 300, 300).withTls(TestTls::context);

  private final FaultServer server = FaultServer.start();
  private final Arena arena = Arena.ofShared();
  private final byte[] bytes = new byte[40 * BLOCK + 123];

  RemoteReadsTest() {
    new Random(1).nextBytes(bytes);
    server.put("/x", bytes);
  }

  @AfterEach
  void close() {
    server.close();
    arena.close();
  }

  private static HttpOrigin origin(RemoteConfig config) {
    return HttpOrigin.open(config, IMPATIENT, HttpCredentials.none());
  }

  /** One answer to a whole-object read: what arrived where, and what failed. */
  private final class Reading implements RangeRead.Sink {
    final int blocks = (bytes.length + BLOCK - 1) / BLOCK;
    final MemorySegment slab = arena.allocate((long) blocks * BLOCK, 4096);
    final CountDownLatch told = new CountDownLatch(blocks);
    final AtomicReference<@Nullable OriginException> failure = new AtomicReference<>();
    final AtomicInteger failures = new AtomicInteger();
    final Set<Integer> blocksTold = ConcurrentHashMap.newKeySet();
    final List<RangeRead> reads = new ArrayList<>();

    /** As reads of {@code each} blocks. */
    void start(OpenObject object, int each) {
      for (int first = 0; first < blocks; first += each) {
        int count = Math.min(each, blocks - first);
        long[] places = new long[count];
        for (int i = 0; i < count; i++) {
          places[i] = (long) (first + i) * BLOCK;
        }
        long offset = (long) first * BLOCK;
        long length = Math.min((long) count * BLOCK, bytes.length - offset);
        int base = first;
        reads.add(
            new RangeRead(
                offset,
                length,
                slab,
                places,
                BLOCK,
                new RangeRead.Sink() {
                  @Override
                  public void arrived(int block, int got) {
                    Reading.this.arrived(base + block, got);
                  }

                  @Override
                  public void failed(int block, OriginException why) {
                    Reading.this.failed(base + block, why);
                  }
                }));
        object.read(reads.getLast());
      }
      object.flush();
    }

    @Override
    public void arrived(int block, int got) {
      assertTrue(blocksTold.add(block), "told twice");
      told.countDown();
    }

    @Override
    public void failed(int block, OriginException why) {
      assertTrue(blocksTold.add(block), "told twice");
      failure.set(why);
      failures.incrementAndGet();
      told.countDown();
    }

    void await() throws InterruptedException {
      assertTrue(told.await(50, TimeUnit.SECONDS), () -> told.getCount() + " blocks never came");
    }

    OriginException failure() {
      return Objects.requireNonNull(failure.get());
    }

    void awaitExact() throws InterruptedException {
      await();
      assertNull(failure.get());
      assertEquals(
          -1, Arrays.mismatch(bytes, slab.asSlice(0, bytes.length).toArray(ValueLayout.JAVA_BYTE)));
    }
  }

  private StoredObject found(HttpOrigin origin) throws OriginException {
    return origin.find(server.url("/x")).orElseThrow();
  }

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {"CHANGED", "BIT_FLIP"},
      mode = EnumSource.Mode.EXCLUDE)
  void everyThirdAnswerIsBadAndTheBytesAreExact(Fault fault) throws Exception {
    try (HttpOrigin origin = origin(QUICK)) {
      StoredObject object = found(origin);
      try (OpenObject open = origin.open(object)) {
        server.faults(ask -> ask.number() % 3 == 0 ? fault : Fault.NONE);
        Reading reading = new Reading();
        reading.start(open, 4);
        reading.awaitExact();
        MemorySegment now = arena.allocate(5 * BLOCK);
        assertEquals(5 * BLOCK, open.readNow(BLOCK, now, 0, 5 * BLOCK));
        assertArrayEquals(
            Arrays.copyOfRange(bytes, BLOCK, 6 * BLOCK), now.toArray(ValueLayout.JAVA_BYTE));
      }
      // Blocks are handed over before their request is counted as done; the timeout bounds this.
      while (origin.stats().inFlight() > 0) {
        Thread.onSpinWait();
      }
    }
    while (server.openConnections() > 0) {
      Thread.onSpinWait(); // the server notices when its clients are gone
    }
  }

  @Test
  void aBrokenBodyIsResumedAtItsByte() throws Exception {
    try (HttpOrigin origin = origin(QUICK.withHedging(0, 1));
        OpenObject open = origin.open(found(origin))) {
      server.remember();
      server.faults(ask -> ask.number() % 2 == 0 ? Fault.RESET_IN_BODY : Fault.NONE);
      Reading reading = new Reading();
      reading.start(open, 100);
      reading.awaitExact();
      OriginStats stats = origin.stats();
      assertTrue(stats.retries() + stats.resumes() > 0);
      assertEquals(0, stats.discardedBytes());
      Set<String> ranges = new HashSet<>();
      server.asked().forEach(ask -> ranges.add(String.valueOf(ask.fields().get("range"))));
      assertTrue(
          ranges.stream().anyMatch(range -> !range.startsWith("bytes=0-")), ranges::toString);
    }
  }

  @Test
  void aChangedObjectFailsWithBothTags() throws Exception {
    try (HttpOrigin origin = origin(QUICK)) {
      StoredObject object = found(origin);
      try (OpenObject open = origin.open(object)) {
        server.put("/x", bytes);
        StoredObject now = found(origin);
        Reading reading = new Reading();
        reading.start(open, 8);
        reading.await();
        OriginException failure = reading.failure();
        assertEquals(Kind.CHANGED, failure.kind());
        assertEquals(Retry.PERMANENT, failure.retry());
        assertTrue(failure.reason().contains(object.version().tag()), failure::reason);
        assertTrue(failure.reason().contains(now.version().tag()), failure::reason);
        assertEquals(reading.blocks, reading.failures.get());
      }
    }
  }

  @Test
  void anAnswerOfAnotherVersionIsRefusedThoughTheServerIgnoresTheCondition() throws Exception {
    try (HttpOrigin origin = origin(QUICK)) {
      StoredObject object = found(origin);
      try (OpenObject open = origin.open(object)) {
        server.tags(false);
        Reading reading = new Reading();
        reading.start(open, 8);
        reading.await();
        OriginException failure = reading.failure();
        assertEquals(Kind.CHANGED, failure.kind());
      }
    }
  }

  @Test
  void anOutageEndsInANamedFailureWithinItsBudget() throws Exception {
    try (HttpOrigin origin = origin(QUICK.withRetries(4, 1000, 0.2));
        OpenObject open = origin.open(found(origin))) {
      server.faults(ask -> Fault.UNAVAILABLE);
      long before = server.requests();
      Reading reading = new Reading();
      reading.start(open, 100);
      reading.await();
      OriginException failure = reading.failure();
      assertEquals(Kind.THROTTLED, failure.kind());
      assertEquals(Retry.PERSISTENT, failure.retry());
      assertTrue(failure.reason().contains("failed 4 times"), failure::reason);
      assertEquals(4, server.requests() - before);
      assertEquals(1, origin.stats().requestLimit() / 4, "the store's wish was not followed");
    }
  }

  /** As nginx's limit_req: what comes too soon after another is refused, however few there are. */
  @Test
  void aServerThatCountsRequestsIsAskedAtItsPace() throws Exception {
    AtomicLong servedAt = new AtomicLong(System.nanoTime());
    RemoteConfig small =
        RemoteConfig.of(Map.of("remote.request-bytes", "65536")).withPauses(1, 4, 30_000);
    try (HttpOrigin origin = origin(small);
        OpenObject open = origin.open(found(origin))) {
      server.faults(
          ask -> {
            long now = System.nanoTime();
            long served = servedAt.get();
            return now - served > 20_000_000 && servedAt.compareAndSet(served, now)
                ? Fault.NONE
                : Fault.UNAVAILABLE;
          });
      Reading reading = new Reading();
      reading.start(open, 1);
      reading.awaitExact();
      assertTrue(origin.stats().throttled() > 0, "nothing was refused: the server is wrong");
    }
  }

  @Test
  void theJobsBudgetOfRetriesBoundsAllRangesTogether() throws Exception {
    try (HttpOrigin origin = origin(QUICK.withRetries(1000, 10, 0));
        OpenObject open = origin.open(found(origin))) {
      server.faults(ask -> Fault.ERROR);
      long before = server.requests();
      Reading reading = new Reading();
      reading.start(open, 1);
      reading.await();
      assertEquals(reading.blocks, reading.failures.get());
      assertTrue(server.requests() - before <= reading.blocks + 10, "too many retries");
    }
  }

  @Test
  void aSilentRangeIsAskedForTwiceAndTheFasterAnswerWins() throws Exception {
    server.stallMillis(20_000);
    HttpClientConfig patient = HttpClientConfig.defaults();
    RemoteConfig generous = QUICK.withHedging(1, 5);
    try (HttpOrigin origin = HttpOrigin.open(generous, patient, HttpCredentials.none());
        OpenObject open = origin.open(found(origin))) {
      while (origin.stats().requests() < 40) { // learns what is quick, earns the right to ask twice
        Reading warm = new Reading();
        warm.start(open, 1);
        warm.awaitExact();
      }
      AtomicInteger silent = new AtomicInteger();
      server.faults(ask -> silent.getAndIncrement() == 0 ? Fault.STALL_IN_BODY : Fault.NONE);
      Reading reading = new Reading();
      reading.start(open, 100);
      reading.awaitExact(); // in far less than the stall, which is longer than this test may take
      while (origin.stats().inFlight() > 0) {
        Thread.onSpinWait(); // the bytes are handed over before their request is counted
      }
      OriginStats stats = origin.stats();
      assertTrue(stats.hedgesWon() >= 1, stats::toString);
    }
  }

  @Test
  void theLastSecondRequestsAreKeptForRangesThatSomebodyWaitsFor() throws Exception {
    server.stallMillis(20_000);
    RemoteConfig few = QUICK.withHedging(0.05, 5);
    try (HttpOrigin origin =
            HttpOrigin.open(few, HttpClientConfig.defaults(), HttpCredentials.none());
        OpenObject open = origin.open(found(origin))) {
      while (origin.stats().requests() < 100) { // earns about five, fewer than are kept back
        Reading warm = new Reading();
        warm.start(open, 1);
        warm.awaitExact();
      }
      long before = origin.stats().hedges();
      assertEquals(0, before);
      AtomicInteger silent = new AtomicInteger();
      server.faults(ask -> silent.getAndIncrement() == 0 ? Fault.STALL_IN_BODY : Fault.NONE);
      Reading reading = new Reading();
      reading.start(open, 100);
      assertFalse(reading.told.await(700, TimeUnit.MILLISECONDS), "the server did not stall");
      assertEquals(0, origin.stats().hedges());
      reading.reads.forEach(RangeRead::hurry);
      reading.awaitExact(); // in far less than the stall
      assertEquals(1, origin.stats().hedges());
    }
  }

  @Test
  void neighboursThatWaitAreAskedForTogether() throws Exception {
    try (HttpOrigin origin = origin(QUICK.withRequests(1, 1));
        OpenObject open = origin.open(found(origin))) {
      long before = server.requests();
      server.latencyMillis(50); // while the first is under way, the others join
      Reading reading = new Reading();
      reading.start(open, 1);
      reading.awaitExact();
      assertTrue(server.requests() - before <= 3, () -> server.requests() - before + " requests");
    }
  }

  @Test
  void closingFailsWhatWaitsAndComesBack() throws Exception {
    server.stallMillis(30_000);
    HttpOrigin origin = HttpOrigin.open(QUICK, HttpClientConfig.defaults(), HttpCredentials.none());
    OpenObject open = origin.open(found(origin));
    server.faults(ask -> Fault.STALL);
    Reading reading = new Reading();
    reading.start(open, 2);
    open.close();
    origin.close();
    reading.await();
    OriginException failure = reading.failure();
    assertEquals(Kind.CANCELLED, failure.kind());
  }

  @Test
  void connectionsAreSpreadOverAllAddressesAndABadOneIsPassedOver() throws Exception {
    List<InetAddress> addresses =
        List.of(
            InetAddress.getByName("127.0.0.2"),
            InetAddress.getByName("127.0.0.3"),
            InetAddress.getByName("127.0.0.4"));
    Set<String> used = ConcurrentHashMap.newKeySet();
    HttpClientConfig http =
        HttpClientConfig.defaults()
            .withResolver(
                host -> {
                  used.add(host);
                  return addresses;
                });
    try (HttpOrigin origin = HttpOrigin.open(QUICK, http, HttpCredentials.none())) {
      String url = "http://many.test:%d/x".formatted(server.port());
      try (OpenObject open = origin.open(origin.find(url).orElseThrow())) {
        server.latencyMillis(20);
        Reading reading = new Reading();
        reading.start(open, 4);
        reading.awaitExact();
      }
      assertEquals(Set.of("many.test"), used);
    }
  }

  @Test
  void redirectsAreFollowedWithoutCredentialsOfOthers() throws Exception {
    try (FaultServer other = FaultServer.start()) {
      other.put("/y", bytes);
      other.remember();
      server.remember();
      server.redirect("/x", "http://127.0.0.9:%d/y?signature=1".formatted(other.port()));
      HttpCredentials mine =
          HttpCredentials.of(
              Map.of(HttpCredentials.HOSTS, "127.0.0.1", HttpCredentials.TOKEN, "secret-token"),
              Path.of("/nowhere"));
      try (HttpOrigin origin = HttpOrigin.open(QUICK, IMPATIENT, mine);
          OpenObject open = origin.open(found(origin))) {
        Reading reading = new Reading();
        reading.start(open, 8);
        reading.awaitExact();
      }
      assertTrue(
          server.asked().stream()
              .allMatch(ask -> "Bearer secret-token".equals(ask.fields().get("authorization"))));
      assertFalse(
          other.asked().stream().anyMatch(ask -> ask.fields().containsKey("authorization")));
      assertTrue(server.requests() < other.requests(), "the place is remembered");
    }
  }
}
