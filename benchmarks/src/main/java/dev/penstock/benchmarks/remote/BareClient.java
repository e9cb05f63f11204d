package dev.penstock.benchmarks.remote;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The limit to compare with: a thread and a socket for each request in flight, and nothing else.
 */
final class BareClient implements RangeClient {
  private final List<Line> lines = new ArrayList<>();

  @Override
  public String name() {
    return "bare socket";
  }

  private static final class Line {
    final SocketChannel channel;
    final ByteBuffer head = ByteBuffer.allocateDirect(4096);
    final ByteBuffer body;

    Line(Work work) throws IOException {
      channel =
          SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), work.port()));
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      body = ByteBuffer.allocateDirect(work.rangeBytes());
    }

    void read(Work work, int range) throws IOException {
      long offset = work.offset(range);
      String ask =
          "GET /bench/o%d HTTP/1.1\r\nHost: h\r\nRange: bytes=%d-%d\r\n\r\n"
              .formatted(work.object(range), offset, offset + work.rangeBytes() - 1);
      ByteBuffer out = ByteBuffer.wrap(ask.getBytes(StandardCharsets.US_ASCII));
      while (out.hasRemaining()) {
        channel.write(out);
      }
      head.clear();
      int end = -1;
      while (end < 0) {
        if (channel.read(head) < 0) {
          throw new IOException("the server hung up");
        }
        end = end(head);
      }
      body.clear();
      body.put(head.flip().position(end));
      while (body.hasRemaining()) {
        if (channel.read(body) < 0) {
          throw new IOException("the server hung up");
        }
      }
    }

    private static int end(ByteBuffer head) {
      for (int i = 3; i < head.position(); i++) {
        if (head.get(i) == '\n' && head.get(i - 2) == '\n') {
          return i + 1;
        }
      }
      return -1;
    }
  }

  @Override
  public void pass(Work work, Latency latencies)
      throws IOException, InterruptedException, ExecutionException {
    while (lines.size() < work.depth()) {
      lines.add(new Line(work));
    }
    AtomicInteger next = new AtomicInteger();
    try (ExecutorService threads = Executors.newFixedThreadPool(work.depth())) {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < work.depth(); i++) {
        Line line = lines.get(i);
        running.add(
            threads.submit(
                () -> {
                  for (int r = next.getAndIncrement();
                      r < work.ranges();
                      r = next.getAndIncrement()) {
                    long began = System.nanoTime();
                    line.read(work, r);
                    latencies.took(System.nanoTime() - began);
                  }
                  return null;
                }));
      }
      for (Future<?> one : running) {
        one.get();
      }
    }
  }

  @Override
  public void close() {
    for (Line line : lines) {
      try {
        line.channel.close();
      } catch (IOException _) {
        // Gone either way.
      }
    }
  }
}
