package dev.penstock.loader.sidecar;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.penstock.bridge.ControlSocket;
import dev.penstock.loader.sidecar.RefusedException.Kind;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Optional;

/**
 * Messages over a control socket: a little-endian length, then JSON. Bounded in bytes and
 * descriptors whatever the other side sends. One thread receives; any may send. Owns the socket.
 */
final class Wire implements AutoCloseable {
  private static final int LENGTH_BYTES = 4;
  private static final int CHUNK_BYTES = 64 << 10;

  /** How long a client may leave our messages unread before it is given up. */
  private static final long SEND_TIMEOUT_MILLIS = 10_000;

  private final ControlSocket socket;
  private final MemorySegment chunk = Arena.ofAuto().allocate(CHUNK_BYTES);
  private final ArrayDeque<Descriptor> descriptors = new ArrayDeque<>();
  private byte[] pending = new byte[1024];
  private int pendingBytes;

  /** A descriptor that arrived and that nobody has taken over yet. */
  private record Descriptor(ControlSocket.Received from, int index) {}

  Wire(ControlSocket socket) {
    this.socket = socket;
  }

  int descriptor() {
    return socket.descriptor();
  }

  /**
   * Takes in what has arrived; called when the socket can be read.
   *
   * @return whether the other side may send more
   */
  boolean fill() throws IOException, RefusedException {
    ControlSocket.Received received = socket.receive(chunk, 0);
    for (int i = 0; i < received.descriptorCount(); i++) {
      descriptors.add(new Descriptor(received, i));
    }
    if (descriptors.size() > ControlSocket.DESCRIPTORS_MAX) {
      throw new RefusedException(Kind.BAD_REQUEST, "descriptors came that no message speaks of");
    }
    int needed = pendingBytes + received.length();
    if (needed > pending.length) {
      pending = Arrays.copyOf(pending, Math.max(needed, 2 * pending.length));
    }
    MemorySegment.copy(chunk, ValueLayout.JAVA_BYTE, 0, pending, pendingBytes, received.length());
    pendingBytes = needed;
    return !received.isEnd();
  }

  /** The next message that is here as a whole. */
  Optional<JsonNode> next() throws RefusedException {
    if (pendingBytes < LENGTH_BYTES) {
      return Optional.empty();
    }
    int length = ByteBuffer.wrap(pending).order(ByteOrder.LITTLE_ENDIAN).getInt();
    if (length < 0 || length > Messages.FRAME_BYTES_MAX) {
      throw new RefusedException(
          Kind.BAD_REQUEST,
          "a message of %d bytes was announced, at most %d are allowed"
              .formatted(Integer.toUnsignedLong(length), Messages.FRAME_BYTES_MAX));
    }
    int end = LENGTH_BYTES + length;
    if (pendingBytes < end) {
      return Optional.empty();
    }
    String text = new String(pending, LENGTH_BYTES, length, StandardCharsets.UTF_8);
    System.arraycopy(pending, end, pending, 0, pendingBytes - end);
    pendingBytes -= end;
    try {
      JsonNode message = Messages.JSON.readTree(text);
      if (message.path("type").isTextual()) {
        return Optional.of(message);
      }
    } catch (IOException e) {
      throw new RefusedException(Kind.BAD_REQUEST, "a message is no JSON: " + e.getMessage());
    }
    throw new RefusedException(Kind.BAD_REQUEST, "a message has no type");
  }

  /** How many descriptors wait to be taken. */
  int descriptorCount() {
    return descriptors.size();
  }

  /** Takes over the oldest descriptor; the caller closes it. */
  int takeDescriptor() {
    Descriptor oldest = descriptors.remove();
    return oldest.from.take(oldest.index);
  }

  /** Sends one message. */
  void send(ObjectNode message) throws IOException {
    byte[] body = message.toString().getBytes(StandardCharsets.UTF_8);
    ByteBuffer frame =
        ByteBuffer.allocate(LENGTH_BYTES + body.length).order(ByteOrder.LITTLE_ENDIAN);
    frame.putInt(body.length).put(body);
    socket.send(frame.array(), SEND_TIMEOUT_MILLIS);
  }

  /** Closes the descriptors that nobody took. */
  void dropDescriptors() {
    while (!descriptors.isEmpty()) {
      descriptors.remove().from.close();
    }
  }

  /** Closes the descriptors that nobody took, and the socket. */
  @Override
  public void close() {
    dropDescriptors();
    socket.close();
  }
}
