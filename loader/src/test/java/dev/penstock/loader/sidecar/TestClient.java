package dev.penstock.loader.sidecar;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.penstock.bridge.ControlSocket;
import dev.penstock.bridge.Notifier;
import dev.penstock.bridge.Poller;
import dev.penstock.bridge.SharedRegion;
import dev.penstock.loader.Slot;
import dev.penstock.loader.SlotLayout;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A trainer in Java, for tests of the daemon's side: takes batches and checks nothing by itself.
 */
final class TestClient implements AutoCloseable {
  private static final long TIMEOUT_MILLIS = 30_000;

  final ControlSocket socket;
  final Wire wire;
  final Notifier ready = Notifier.create();
  final Notifier free = Notifier.create();
  SharedRegion region = SharedRegion.create("penstock-test", 4096, SharedRegion.Pages.ORDINARY);
  int slotCount;
  long slotBytes;
  private long head;

  TestClient(Path path) throws IOException {
    socket = ControlSocket.connect(path);
    wire = new Wire(socket);
  }

  static TestClient greeted(Path path) throws IOException, RefusedException {
    TestClient client = new TestClient(path);
    client.send(hello(Messages.PROTOCOL));
    client.expect("WELCOME");
    return client;
  }

  static ObjectNode hello(int version) {
    ObjectNode hello = Messages.message("HELLO").put("client", "test").put("pid", 1);
    hello.putArray("protocols").add(version);
    return hello;
  }

  static ObjectNode open(Path dataset, int batchSize) {
    ObjectNode open = Messages.message("OPEN").put("batch_size", batchSize).put("shuffle", "none");
    open.putArray("dataset").add(dataset.toString());
    return open.put("epochs", 1);
  }

  void send(ObjectNode message, int... descriptors) throws IOException {
    byte[] body = message.toString().getBytes(StandardCharsets.UTF_8);
    ByteBuffer frame = ByteBuffer.allocate(4 + body.length).order(ByteOrder.LITTLE_ENDIAN);
    frame.putInt(body.length).put(body);
    socket.send(frame.array(), TIMEOUT_MILLIS, descriptors);
  }

  JsonNode expect(String type) throws IOException, RefusedException {
    try (Poller poller = Poller.of(wire.descriptor())) {
      while (true) {
        Optional<JsonNode> message = wire.next();
        if (message.isPresent()) {
          assertEquals(type, message.get().path("type").asText(), message.get().toString());
          return message.get();
        }
        assertEquals(1, poller.await(TIMEOUT_MILLIS), "waiting for " + type);
        if (!wire.fill()) {
          throw new IOException("the daemon hung up before it said " + type);
        }
      }
    }
  }

  /** Makes the ring that a PLAN wants. */
  ObjectNode ring(JsonNode plan) throws IOException {
    return ring(plan, plan.path("slot_bytes").asLong());
  }

  ObjectNode ring(JsonNode plan, long wantedSlotBytes) throws IOException {
    slotCount = plan.path("slot_count").asInt();
    slotBytes = (wantedSlotBytes + 4095) / 4096 * 4096;
    region.close();
    region =
        SharedRegion.create(
            "penstock-test",
            RingLayout.regionBytes(slotCount, slotBytes),
            SharedRegion.Pages.ORDINARY);
    RingLayout.initialize(
        region.segment(), slotCount, slotBytes, plan.path("daemon_epoch").asLong());
    head = 0;
    return Messages.message("RING")
        .put("layout_version", RingLayout.VERSION)
        .put("slot_count", slotCount)
        .put("slot_bytes", slotBytes)
        .put("region_bytes", region.segment().byteSize());
  }

  int[] descriptors() {
    return new int[] {region.descriptor(), ready.descriptor(), free.descriptor()};
  }

  /** Opens and starts; all as a well-behaved client does. */
  JsonNode start(ObjectNode open) throws IOException, RefusedException {
    send(open);
    JsonNode plan = expect("PLAN");
    send(ring(plan), descriptors());
    expect("STARTED");
    return plan;
  }

  /** Waits for the next batch and holds its slot. */
  Slot take() throws IOException {
    MemorySegment memory = region.segment();
    try (Poller poller = Poller.of(ready.descriptor())) {
      while ((long) RingLayout.LONG.getAcquire(memory, RingLayout.READY_TAIL_AT) == head) {
        assertEquals(1, poller.await(TIMEOUT_MILLIS), "waiting for a batch");
        ready.drain();
      }
    }
    long entry = head & (RingLayout.queueCapacity(slotCount) - 1);
    int slot = (int) RingLayout.INT.get(memory, RingLayout.queueAt(slotCount) + 4 * entry);
    assertEquals(RingLayout.READY, (int) RingLayout.INT.get(memory, RingLayout.stateAt(slot)));
    RingLayout.INT.setRelease(memory, RingLayout.stateAt(slot), RingLayout.HELD);
    RingLayout.LONG.setRelease(memory, RingLayout.READY_HEAD_AT, ++head);
    long at = RingLayout.slotsOffset(slotCount, slotBytes) + slot * slotBytes;
    return new Slot(memory, at, slotBytes, slot);
  }

  void release(Slot slot) {
    RingLayout.INT.setRelease(region.segment(), RingLayout.stateAt(slot.index()), RingLayout.FREE);
    free.signal();
  }

  static boolean isEnd(Slot slot) {
    return (SlotLayout.readInt(slot, SlotLayout.FLAGS) & SlotLayout.FLAG_END) != 0;
  }

  /** The keys of a batch: the first column. */
  static List<String> keys(Slot slot) {
    long body = slot.offset() + SlotLayout.readLong(slot, SlotLayout.BODY_OFFSET);
    long table = SlotLayout.BUFFER_TABLE;
    long offsets = body + SlotLayout.readLong(slot, table + SlotLayout.BUFFER_ENTRY);
    long data = body + SlotLayout.readLong(slot, table + 2 * SlotLayout.BUFFER_ENTRY);
    List<String> keys = new ArrayList<>();
    for (int row = 0; row < SlotLayout.readInt(slot, SlotLayout.ROWS); row++) {
      int from = slot.memory().get(ValueLayout.JAVA_INT, offsets + 4L * row);
      int to = slot.memory().get(ValueLayout.JAVA_INT, offsets + 4L * (row + 1));
      byte[] key = slot.memory().asSlice(data + from, to - from).toArray(ValueLayout.JAVA_BYTE);
      keys.add(new String(key, StandardCharsets.UTF_8));
    }
    return keys;
  }

  /** Takes everything up to the end, releasing as it goes. */
  List<String> drain() throws IOException {
    List<String> keys = new ArrayList<>();
    while (true) {
      Slot slot = take();
      boolean end = isEnd(slot);
      if (!end) {
        keys.addAll(keys(slot));
      }
      release(slot);
      if (end) {
        return keys;
      }
    }
  }

  @Override
  public void close() {
    wire.close();
    ready.close();
    free.close();
    region.close();
  }
}
