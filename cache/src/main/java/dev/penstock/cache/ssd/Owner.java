package dev.penstock.cache.ssd;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Who has a device's file open, as it says itself in the file's second page. Only for messages, and
 * to tell an owner that is alive from one whose last writes the kernel has yet to finish: what
 * keeps a second one out is the claim on the file.
 */
record Owner(long pid, String host) {
  private static final Pattern FORM =
      Pattern.compile("process (\\d+) on (\\S+)\n.*", Pattern.DOTALL);

  /** Whom the file names; process 0 if nobody. */
  static Owner of(Path file) {
    try {
      String text =
          StandardCharsets.UTF_8.decode(readPage(file, SuperBlock.OWNER_OFFSET).flip()).toString();
      Matcher match = FORM.matcher(text);
      if (match.matches()) {
        return new Owner(Long.parseLong(match.group(1)), match.group(2));
      }
    } catch (IOException | NumberFormatException _) {
      // It cannot be told; the claim stands.
    }
    return new Owner(0, "");
  }

  /** Says in the file, which is made long enough for it, that this process has it. */
  static void sign(SsdFile file) throws IOException {
    if (file.sizeBytes() < SuperBlock.TABLE_OFFSET) {
      file.resize(SuperBlock.TABLE_OFFSET);
    }
    byte[] text =
        (new Owner(ProcessHandle.current().pid(), thisHost()) + "\n")
            .getBytes(StandardCharsets.UTF_8);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment page = arena.allocate(SuperBlock.PAGE_BYTES, SuperBlock.PAGE_BYTES);
      int length = Math.min(text.length, SuperBlock.PAGE_BYTES);
      MemorySegment.copy(MemorySegment.ofArray(text), 0, page, 0, length);
      file.writeNow(SuperBlock.OWNER_OFFSET, page, 0, SuperBlock.PAGE_BYTES);
    }
  }

  /** Whether it runs, as far as that can be told: another host's counts as running. */
  boolean isAlive() {
    return pid == 0
        || !host.equals(thisHost())
        || ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
  }

  private static String thisHost() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException _) {
      return "unknown";
    }
  }

  /** A page of the file, read without a claim; positioned behind what was read. */
  static ByteBuffer readPage(Path file, long at) throws IOException {
    ByteBuffer page = ByteBuffer.allocate(SuperBlock.PAGE_BYTES);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      for (int got = 0; got >= 0 && page.hasRemaining(); ) {
        got = channel.read(page, at + page.position());
      }
    }
    return page;
  }

  @Override
  public String toString() {
    return pid == 0 ? "another process" : "process %d on %s".formatted(pid, host);
  }
}
