package dev.penstock.bridge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ControlSocketTest {
  private static final long LONG_MILLIS = 20_000;

  @TempDir Path directory;

  private final Arena arena = Arena.ofConfined();
  private MemorySegment buffer = MemorySegment.NULL;
  private int descriptorsBefore;

  @BeforeEach
  void prepare() {
    assumeTrue(Native.available(), () -> Native.missing().toString());
    buffer = arena.allocate(1 << 16);
    descriptorsBefore = ProcessMemory.openDescriptors();
  }

  @AfterEach
  void nothingIsLeft() {
    arena.close();
    assertEquals(descriptorsBefore, ProcessMemory.openDescriptors());
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private String text(ControlSocket.Received received) {
    byte[] copy = buffer.asSlice(0, received.length()).toArray(ValueLayout.JAVA_BYTE);
    return new String(copy, StandardCharsets.UTF_8);
  }

  @Test
  void passesARegionBetweenTwoSockets() throws IOException {
    ControlSocket[] pair = ControlSocket.pair();
    try (ControlSocket left = pair[0];
        ControlSocket right = pair[1];
        SharedRegion region = SharedRegion.create("test", 8192, SharedRegion.Pages.ORDINARY);
        Notifier notifier = Notifier.create()) {
      left.send(bytes("hello"), LONG_MILLIS, region.descriptor(), notifier.descriptor());
      try (ControlSocket.Received received = right.receive(buffer, LONG_MILLIS)) {
        assertEquals("hello", text(received));
        assertEquals(2, received.descriptorCount());
        try (SharedRegion joined = SharedRegion.fromDescriptor(received.take(0), 8192);
            Notifier ready = Notifier.fromDescriptor(received.take(1))) {
          joined.segment().set(ValueLayout.JAVA_INT, 4096, 7);
          assertEquals(7, region.segment().get(ValueLayout.JAVA_INT, 4096));
          assertEquals(0, ready.drain());
          notifier.signal();
          notifier.signal();
          assertEquals(2, ready.drain());
        }
        assertThrows(IllegalStateException.class, () -> received.take(0));
      }
    }
  }

  @Test
  void descriptorsThatNobodyTakesAreClosed() throws IOException {
    ControlSocket[] pair = ControlSocket.pair();
    try (ControlSocket left = pair[0];
        ControlSocket right = pair[1];
        Notifier notifier = Notifier.create()) {
      left.send(bytes("x"), LONG_MILLIS, notifier.descriptor(), notifier.descriptor());
      int before = ProcessMemory.openDescriptors();
      try (ControlSocket.Received received = right.receive(buffer, LONG_MILLIS)) {
        assertEquals(before + 2, ProcessMemory.openDescriptors());
        assertEquals(2, received.descriptorCount());
      }
      assertEquals(before, ProcessMemory.openDescriptors());
      int[] tooMany = new int[ControlSocket.DESCRIPTORS_MAX + 1];
      assertThrows(
          IllegalArgumentException.class, () -> left.send(bytes("x"), LONG_MILLIS, tooMany));
      assertThrows(IllegalArgumentException.class, () -> left.send(new byte[0], LONG_MILLIS));
    }
  }

  @Test
  void lostDescriptorsAreAnError() throws IOException {
    ControlSocket[] pair = ControlSocket.pair();
    try (ControlSocket left = pair[0];
        ControlSocket right = pair[1];
        Notifier notifier = Notifier.create()) {
      int[] many = new int[ControlSocket.DESCRIPTORS_MAX + 8];
      Arrays.fill(many, notifier.descriptor());
      MemorySegment one = arena.allocate(1);
      assertEquals(1, SocketCalls.send(left.descriptor(), one, many));
      int before = ProcessMemory.openDescriptors();
      IOException error = assertThrows(IOException.class, () -> right.receive(buffer, LONG_MILLIS));
      assertTrue(error.toString().contains("lost"), error.toString());
      assertEquals(before, ProcessMemory.openDescriptors());
    }
  }

  @Test
  void largeMessagesArriveWholeAndInOrder() throws Exception {
    byte[] sent = new byte[3 << 20];
    new Random(3).nextBytes(sent);
    ControlSocket[] pair = ControlSocket.pair();
    try (ControlSocket left = pair[0];
        ControlSocket right = pair[1]) {
      CompletableFuture<Void> sender =
          CompletableFuture.runAsync(
              () -> {
                try {
                  left.send(sent, LONG_MILLIS);
                } catch (IOException e) {
                  throw new IllegalStateException(e);
                }
              },
              task -> Thread.ofPlatform().start(task));
      byte[] got = new byte[sent.length];
      int length = 0;
      while (length < got.length) {
        try (ControlSocket.Received received = right.receive(buffer, LONG_MILLIS)) {
          MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, 0, got, length, received.length());
          length += received.length();
        }
      }
      sender.get(20, TimeUnit.SECONDS);
      assertArrayEquals(sent, got);
    }
  }

  @Test
  void timeLimits() throws IOException {
    ControlSocket[] pair = ControlSocket.pair();
    try (ControlSocket left = pair[0];
        ControlSocket right = pair[1]) {
      assertThrows(SocketTimeoutException.class, () -> right.receive(buffer, 5));
      assertThrows(SocketTimeoutException.class, () -> right.receive(buffer, 0));
      assertThrows(SocketTimeoutException.class, () -> left.send(new byte[8 << 20], 5));
    }
  }

  @Test
  void closingWakesAReceiver() throws Exception {
    ControlSocket[] pair = ControlSocket.pair();
    try (ControlSocket left = pair[0]) {
      CompletableFuture<Throwable> end = new CompletableFuture<>();
      Thread reader =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try (Arena own = Arena.ofConfined()) {
                      pair[1].receive(own.allocate(8), -1).close();
                    } catch (IOException e) {
                      end.complete(e);
                    }
                  });
      awaitNative(reader);
      pair[1].close();
      assertInstanceOf(ClosedChannelException.class, end.get(20, TimeUnit.SECONDS));
      reader.join();
      assertThrows(ClosedChannelException.class, () -> pair[1].receive(buffer, 0));
      assertThrows(IllegalStateException.class, pair[1]::close);
      try (ControlSocket.Received received = left.receive(buffer, LONG_MILLIS)) {
        assertTrue(received.isEnd());
      }
      ErrnoException broken =
          assertThrows(ErrnoException.class, () -> left.send(bytes("x"), LONG_MILLIS));
      assertEquals("EPIPE", Errno.name(broken.errno()));
    }
  }

  /** Best effort: whether the reader waits already decides only which path is tested. */
  private static void awaitNative(Thread thread) {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(200);
    while (thread.getState() == Thread.State.NEW && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
  }

  @Test
  void listensPrivatelyAndKnowsItsPeer() throws IOException {
    Path path = directory.resolve("s");
    try (ControlListener listener = ControlListener.listen(path)) {
      assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
      try (ControlSocket client = ControlSocket.connect(path);
          ControlSocket server = listener.accept()) {
        ControlSocket.Peer peer = server.peer();
        assertEquals(ProcessHandle.current().pid(), peer.pid());
        assertEquals(Files.getAttribute(directory, "unix:uid"), peer.uid());
        client.send(bytes("ping"), LONG_MILLIS);
        try (ControlSocket.Received received = server.receive(buffer, LONG_MILLIS)) {
          assertEquals("ping", text(received));
        }
        try (PidWatch watch = PidWatch.ofPeer(server)) {
          assertFalse(watch.hasEnded());
        }
      }
    }
    assertFalse(Files.exists(path));
  }

  @Test
  void deadSocketsAreReplacedLivingOnesRefused() throws IOException {
    Path path = directory.resolve("s");
    try (ControlListener listener = ControlListener.listen(path)) {
      ErrnoException refused =
          assertThrows(ErrnoException.class, () -> ControlListener.listen(path));
      assertEquals("EADDRINUSE", Errno.name(refused.errno()));
      assertTrue(refused.toString().contains("" + ProcessHandle.current().pid()));
      assertTrue(Files.exists(listener.path()));
      // The refused one connected; its connection waits to be accepted.
      listener.accept().close();
    }
    // A daemon that was killed leaves its path behind.
    int fd = SocketCalls.socket(0);
    assertEquals(0, SocketCalls.bind(fd, path.toString()));
    FileCalls.close(fd);
    assertTrue(Files.exists(path));
    ControlListener.listen(path).close();
    Files.writeString(path, "not a socket");
    assertThrows(ErrnoException.class, () -> ControlListener.listen(path));
    assertEquals("not a socket", Files.readString(path));
    Path tooLong = directory.resolve("x".repeat(120));
    assertThrows(IOException.class, () -> ControlListener.listen(tooLong));
    assertThrows(ErrnoException.class, () -> ControlSocket.connect(directory.resolve("none")));
  }

  @Test
  void closingWakesAnAcceptor() throws Exception {
    ControlListener listener = ControlListener.listen(directory.resolve("s"));
    CompletableFuture<Throwable> end = new CompletableFuture<>();
    Thread acceptor =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    listener.accept().close();
                  } catch (IOException e) {
                    end.complete(e);
                  }
                });
    awaitNative(acceptor);
    listener.close();
    assertInstanceOf(ClosedChannelException.class, end.get(20, TimeUnit.SECONDS));
    acceptor.join();
  }

  @Test
  void anotherProcessSendsAMemfdAndDies() throws Exception {
    Path path = directory.resolve("s");
    String script =
        """
        import array, fcntl, mmap, os, socket, sys
        fd = os.memfd_create("child", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(fd, 8192)
        mmap.mmap(fd, 8192)[:5] = b"child"
        fcntl.fcntl(fd, 1033, 1 | 2 | 4)
        s = socket.socket(socket.AF_UNIX)
        s.connect(sys.argv[1])
        s.sendmsg([b"ring"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])
        s.recv(1)
        """;
    try (ControlListener listener = ControlListener.listen(path)) {
      Process child;
      try {
        child =
            new ProcessBuilder("python3", "-c", script, path.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        child.getOutputStream().close(); // else its end would close it, a moment after it was seen
      } catch (IOException e) {
        abort("needs python3: " + e);
        return;
      }
      try (ControlSocket server = listener.accept();
          PidWatch watch = PidWatch.ofPeer(server);
          ControlSocket.Received received = server.receive(buffer, LONG_MILLIS)) {
        assertEquals("ring", text(received));
        assertEquals(child.pid(), server.peer().pid());
        try (SharedRegion region = SharedRegion.fromDescriptor(received.take(0), 8192)) {
          assertEquals("child", region.segment().asSlice(0, 6).getString(0));
          assertFalse(watch.hasEnded());
          child.destroyForcibly();
          assertTrue(watch.awaitEnd(LONG_MILLIS));
          // What the dead process shared lives on.
          assertEquals("child", region.segment().asSlice(0, 6).getString(0));
        }
      } finally {
        child.destroyForcibly();
        child.waitFor();
        child.getOutputStream().close();
      }
    }
  }
}
