package dev.penstock.loader.sidecar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.penstock.cache.remote.FaultServer;
import dev.penstock.loader.EngineConfig;
import dev.penstock.loader.Slot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
final class SidecarTest {
  private static final int SAMPLES = 400;

  @TempDir Path root;
  private Path data = Path.of("");
  private List<AutoCloseable> opened = new ArrayList<>();

  @BeforeEach
  void archive() throws IOException {
    data = TestData.archive(root.resolve("d.tar"), SAMPLES, i -> 500 + 7 * (i % 50));
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable one : opened.reversed()) {
      one.close();
    }
  }

  private SidecarConfig config() {
    EngineConfig engine =
        EngineConfig.embedded().withMemoryBytes(128L << 20).withMaxSessions(2).withCpus(2);
    return SidecarConfig.of(root.resolve("run"), engine);
  }

  private Sidecar sidecar(SidecarConfig config) throws IOException {
    Sidecar sidecar = Sidecar.open(config);
    opened.add(sidecar);
    return sidecar;
  }

  private TestClient client(Sidecar sidecar) throws IOException, RefusedException {
    TestClient client = TestClient.greeted(sidecar.socket());
    opened.add(client);
    return client;
  }

  private static List<String> keys(int from, int to) {
    List<String> keys = new ArrayList<>();
    for (int i = from; i < to; i++) {
      keys.add(TestData.key(i));
    }
    return keys;
  }

  private static void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < deadline, "condition not met in time");
      Thread.onSpinWait();
    }
  }

  private static long descriptors() {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.count();
    } catch (IOException e) {
      return -1;
    }
  }

  private static long ringMappings() throws IOException {
    try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
      return maps.filter(line -> line.contains("memfd:penstock-test")).count();
    }
  }

  @Test
  void servesDataOfAnAllowedWebServerAndOfNoOther() throws Exception {
    try (FaultServer web = FaultServer.start()) {
      web.put("/public/d.tar", data);
      web.put("/private/d.tar", data);
      SidecarConfig allowed =
          SidecarConfig.of(
                  root.resolve("run"),
                  config().engine().withIndexDirectory(Optional.of(root.resolve("indexes"))))
              .withAllowed(List.of(web.url("/public")));
      TestClient client = client(sidecar(allowed));
      ObjectNode open = TestClient.open(data, 16);
      open.putArray("dataset").add(web.url("/public/d.tar"));
      client.start(open);
      assertEquals(keys(0, SAMPLES), client.drain());
      client.send(Messages.message("CLOSE"));
      client.expect("CLOSED");
      long before = web.requests();
      open.putArray("dataset").add(web.url("/private/d.tar"));
      client.send(open);
      assertTrue(client.expect("ERROR").toString().contains("--allow"));
      assertEquals(before, web.requests(), "refused before anything was asked");
    }
  }

  @Test
  void deliversAnEpochThroughTheRing() throws Exception {
    TestClient client = client(sidecar(config()));
    JsonNode plan = client.start(TestClient.open(data, 16));
    assertEquals(SAMPLES / 16, plan.path("batches_per_epoch").asInt());
    assertEquals("__key__", plan.path("schema").path("columns").path(0).path("name").asText());
    assertEquals(32, plan.path("order_id").asText().length());
    assertEquals(keys(0, SAMPLES), client.drain());
    client.send(Messages.message("CLOSE"));
    client.expect("CLOSED");
    // The same connection serves the next session, from a cursor.
    JsonNode again = client.start(TestClient.open(data, 40));
    assertNotEquals(plan.path("daemon_epoch"), again.path("daemon_epoch"));
    assertEquals(keys(0, SAMPLES), client.drain());
  }

  @Test
  void heldSlotsHoldThePipelineUp() throws Exception {
    TestClient client = client(sidecar(config()));
    client.start(TestClient.open(data, 16));
    List<Slot> held = new ArrayList<>();
    for (int i = 0; i < client.slotCount; i++) {
      held.add(client.take());
    }
    for (int i = 0; i < held.size(); i++) {
      assertEquals(keys(16 * i, 16 * (i + 1)), TestClient.keys(held.get(i)));
    }
    held.forEach(client::release);
    assertEquals(keys(16 * held.size(), SAMPLES), client.drain());
  }

  @Test
  void everythingComesBackWhenClientsGo() throws Exception {
    Sidecar sidecar = sidecar(config());
    try (TestClient warm = TestClient.greeted(sidecar.socket())) {
      warm.start(TestClient.open(data, 16));
      warm.drain();
    }
    await(() -> sidecar.statusTree().path("clients").isEmpty());
    long before = descriptors();
    long mapped = ringMappings();
    for (int life = 0; life < 20; life++) {
      try (TestClient client = TestClient.greeted(sidecar.socket())) {
        client.start(TestClient.open(data, 16));
        client.take(); // and never released
      }
      await(() -> sidecar.statusTree().path("clients").isEmpty());
    }
    assertEquals(before, descriptors());
    assertEquals(mapped, ringMappings());
    sidecar.close();
    assertFalse(Files.exists(sidecar.socket()));
  }

  @Test
  void aBatchThatDoesNotFitAsksForALargerRing() throws Exception {
    // Sixteen giants side by side are more than the sizes' spread foretells.
    Path giants =
        TestData.archive(
            root.resolve("giants.tar"), 1200, i -> i >= 800 && i < 816 ? 200_000 : 100);
    TestClient client = client(sidecar(config()));
    ObjectNode open = TestClient.open(giants, 16);
    client.start(open);
    for (int i = 0; i < 800 / 16; i++) {
      client.release(client.take());
    }
    long wanted = client.expect("RESIZE").path("slot_bytes").asLong();
    assertTrue(wanted > 16 * 200_000 && wanted > client.slotBytes, "wanted " + wanted);
    JsonNode plan = client.start(open.put("min_slot_bytes", wanted));
    assertTrue(plan.path("slot_bytes").asLong() >= wanted);
    assertEquals(keys(0, 1200), client.drain());
  }

  @Test
  void refusesWhatTheProtocolDoesNotKnow() throws Exception {
    Sidecar sidecar = sidecar(config());
    ends(sidecar, Messages.message("OPEN"), "bad_request", "before HELLO");
    ends(sidecar, TestClient.hello(7), "version", "[7], this daemon 1");
    TestClient client = client(sidecar);
    client.send(Messages.message("WHAT"));
    assertTrue(client.expect("ERROR").path("message").asText().contains("WHAT"));
    assertThrows(IOException.class, () -> client.expect("nothing more"));
  }

  private void ends(Sidecar sidecar, ObjectNode message, String kind, String why)
      throws IOException, RefusedException {
    try (TestClient client = new TestClient(sidecar.socket())) {
      client.send(message);
      JsonNode error = client.expect("ERROR");
      assertEquals(kind, error.path("kind").asText());
      assertTrue(error.path("message").asText().contains(why), error.toString());
      assertThrows(IOException.class, () -> client.expect("nothing more"));
    }
  }

  @Test
  void refusesFramesThatCannotBe() throws Exception {
    Sidecar sidecar = sidecar(config());
    for (byte[] frame :
        List.of(
            new byte[] {0, 0, 0, 127}, // 2 GiB announced
            new byte[] {-1, -1, -1, -1},
            new byte[] {2, 0, 0, 0, '{', '{'},
            new byte[] {2, 0, 0, 0, '[', ']'})) {
      TestClient client = client(sidecar);
      client.socket.send(frame, 1000);
      assertEquals("bad_request", client.expect("ERROR").path("kind").asText());
    }
  }

  @Test
  void refusedOpensLeaveTheConnection() throws Exception {
    TestClient client =
        client(sidecar(config().withAllowed(List.of(root.resolve("d.tar").toString()))));
    open(client, TestClient.open(root.resolve("other.tar"), 16), "not_allowed");
    open(client, TestClient.open(data, 16).put("bach_size", 3), "bad_request");
    open(client, TestClient.open(data, 0), "bad_request");
    open(client, TestClient.open(data, SAMPLES + 1), "bad_request");
    Files.delete(data);
    open(client, TestClient.open(data, 16), "dataset");
    client.send(Messages.message("CLOSE"));
    client.expect("CLOSED");
  }

  private static void open(TestClient client, ObjectNode message, String kind)
      throws IOException, RefusedException {
    client.send(message);
    JsonNode error = client.expect("ERROR");
    assertEquals(kind, error.path("kind").asText(), error.toString());
    assertTrue(error.path("open").asBoolean());
  }

  @Test
  void refusesRingsThatAreNotAsTold() throws Exception {
    TestClient client = client(sidecar(config()));
    ring(client, "layout version 2", ring -> ring.put("layout_version", 2), 3);
    ring(client, "descriptors", ring -> ring.put("slot_count", 4), 2);
    ring(client, "slot_count", ring -> ring.put("slot_count", 1), 3);
    ring(client, "region size", ring -> ring.put("slot_bytes", 4096), 3);
    ring(client, "announced", ring -> ring.put("region_bytes", 1L << 40), 3);
    client.send(TestClient.open(data, 16));
    JsonNode plan = client.expect("PLAN");
    client.send(client.ring(plan, 4096), client.descriptors());
    assertTrue(client.expect("ERROR").path("message").asText().contains("PLAN asked for"));
    client.send(TestClient.open(data, 16));
    plan = client.expect("PLAN");
    client.send(client.ring(plan), client.socket.descriptor(), 1, 2);
    assertTrue(client.expect("ERROR").path("message").asText().contains("memfd"));
    // None of this has used the place of a session up.
    client.start(TestClient.open(data, 16));
    assertEquals(keys(0, SAMPLES), client.drain());
  }

  private interface Damage {
    void to(ObjectNode ring);
  }

  private void ring(TestClient client, String why, Damage damage, int descriptors)
      throws IOException, RefusedException {
    client.send(TestClient.open(data, 16));
    ObjectNode ring = client.ring(client.expect("PLAN"));
    damage.to(ring);
    int[] all = client.descriptors();
    client.send(ring, java.util.Arrays.copyOf(all, descriptors));
    JsonNode error = client.expect("ERROR");
    assertTrue(error.path("message").asText().contains(why), error.toString());
  }

  @Test
  void aRingThatChangedItsOwnerEndsTheSession() throws Exception {
    TestClient client = client(sidecar(config()));
    client.start(TestClient.open(data, 16));
    Slot slot = client.take();
    RingLayout.LONG.set(client.region.segment(), RingLayout.DAEMON_EPOCH_AT, 5L);
    client.release(slot);
    JsonNode error = client.expect("ERROR");
    assertEquals("failed", error.path("kind").asText());
    assertTrue(error.path("message").asText().contains("daemon epoch 5"), error.toString());
  }

  @Test
  void sessionsShareTheDaemonUpToItsLimit() throws Exception {
    Sidecar sidecar = sidecar(config());
    TestClient one = client(sidecar);
    TestClient two = client(sidecar);
    one.start(TestClient.open(data, 16).put("rank", 0).put("world_size", 2));
    two.start(TestClient.open(data, 16).put("rank", 1).put("world_size", 2));
    TestClient three = client(sidecar);
    three.send(TestClient.open(data, 16));
    three.send(three.ring(three.expect("PLAN")), three.descriptors());
    assertTrue(three.expect("ERROR").path("message").asText().contains("--max-sessions"));
    JsonNode status = Messages.JSON.readTree(StatusClient.status(root.resolve("run")));
    assertEquals(4, status.path("clients").size(), "three and the one who asks");
    assertTrue(status.path("memory").path("used_bytes").asLong() > 0);
    List<String> both = new ArrayList<>(one.drain());
    both.addAll(two.drain());
    assertEquals(keys(0, SAMPLES / 32 * 32), both.stream().sorted().toList());
  }

  @Test
  void itsDirectoryIsItsOwn() throws Exception {
    Sidecar sidecar = sidecar(config());
    assertEquals(
        "rwx------",
        PosixFilePermissions.toString(Files.getPosixFilePermissions(root.resolve("run"))));
    assertEquals(
        "rw-------",
        PosixFilePermissions.toString(Files.getPosixFilePermissions(sidecar.socket())));
    IOException second = assertThrows(IOException.class, () -> Sidecar.open(config()));
    assertTrue(String.valueOf(second.getMessage()).contains("another run directory"));
    Path open = Files.createDirectory(root.resolve("open"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxr-xr-x"));
    IOException loose =
        assertThrows(
            IOException.class, () -> Sidecar.open(SidecarConfig.of(open, config().engine())));
    assertTrue(String.valueOf(loose.getMessage()).contains("chmod 700"));
    IOException nobody =
        assertThrows(IOException.class, () -> StatusClient.status(root.resolve("nowhere")));
    assertTrue(String.valueOf(nobody.getMessage()).contains("penstock serve"));
  }

  @Test
  void endsWithItsParentAndLeavesNothing() throws Exception {
    Process parent = new ProcessBuilder("sleep", "600").start();
    try {
      Sidecar sidecar = Sidecar.open(config().withParentPid(parent.pid()));
      TestClient client = client(sidecar);
      client.start(TestClient.open(data, 16));
      client.take();
      parent.destroyForcibly();
      sidecar.run();
      assertFalse(Files.exists(root.resolve("run")));
    } finally {
      parent.destroyForcibly();
    }
  }
}
