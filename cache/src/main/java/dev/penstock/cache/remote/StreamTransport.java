package dev.penstock.cache.remote;

import dev.penstock.cache.http.HttpCall;
import dev.penstock.cache.http.HttpResponse;
import dev.penstock.cache.origin.StoredObject;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Ranges of objects whose server gives only wholes: one answer for each open object is read
 * forward, and what nobody asked for is skipped; going back starts it anew. Whoever wants the place
 * that is nearest ahead is served first, so that neighbours do not turn the stream back. Cheap for
 * reading in stored order, and dear for everything else. Thread-safe.
 */
final class StreamTransport implements RangeTransport {
  private static final int SKIP_BYTES = 64 << 10;

  private final HttpTransport transport;
  private final LongConsumer skipped;
  private final Map<StoredObject, Stream> streams = new HashMap<>();

  /** {@code skipped} is told of bytes that were received for nobody. */
  StreamTransport(HttpTransport transport, LongConsumer skipped) {
    this.transport = transport;
    this.skipped = skipped;
  }

  @Override
  public void get(
      StoredObject object, long offset, long length, Body body, HttpCall call, boolean fresh)
      throws IOException {
    Stream stream;
    synchronized (streams) {
      stream = streams.computeIfAbsent(object, Stream::new);
    }
    stream.get(offset, length, body, call);
  }

  /** Ends the stream of an object that nobody has open any more. */
  void close(StoredObject object) {
    Stream stream;
    synchronized (streams) {
      stream = streams.remove(object);
    }
    if (stream != null) {
      stream.end();
    }
  }

  private final class Stream {
    private final StoredObject object;
    private final NavigableMap<Long, Integer> waiting = new TreeMap<>();
    private boolean busy;

    // Owned by whoever is busy.
    private @Nullable HttpResponse answer;
    private long position;

    Stream(StoredObject object) {
      this.object = object;
    }

    void get(long offset, long length, Body body, HttpCall call) throws IOException {
      enter(offset);
      boolean whole = false;
      try {
        HttpResponse current = answer;
        if (current == null || position > offset) {
          end(current);
          current = transport.stream(object, call);
          answer = current;
          position = 0;
        } else {
          current.continueAs(call);
        }
        skip(current, offset);
        RangeAnswer.receive(current, length, counting(body));
        current.pause();
        whole = true;
      } finally {
        if (!whole || position == object.sizeBytes()) {
          end(answer);
        }
        leave();
      }
    }

    private Body counting(Body body) {
      return new Body() {
        @Override
        public ByteBuffer room() throws IOException {
          return body.room();
        }

        @Override
        public void filled(int bytes) {
          position += bytes;
          body.filled(bytes);
        }
      };
    }

    private void skip(HttpResponse current, long offset) throws IOException {
      ByteBuffer scratch = ByteBuffer.allocate(SKIP_BYTES);
      while (position < offset) {
        scratch.clear().limit((int) Math.min(SKIP_BYTES, offset - position));
        int read = current.read(scratch);
        if (read < 0) {
          throw new EOFException("the stream ended at byte %d".formatted(position));
        }
        position += read;
        skipped.accept(read);
      }
    }

    private synchronized void enter(long offset) throws IOException {
      waiting.merge(offset, 1, Integer::sum);
      try {
        while (busy || next() != offset) {
          wait();
        }
        busy = true;
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while waiting for a stream");
      } finally {
        waiting.computeIfPresent(
            offset, (_, count) -> count == 1 ? null : Integer.valueOf(count - 1));
      }
    }

    /** Who is served next: the nearest ahead, or else the first of those behind. */
    private long next() {
      Long ahead = waiting.ceilingKey(answer == null ? 0 : position);
      return ahead == null ? waiting.firstKey() : ahead;
    }

    private synchronized void leave() {
      busy = false;
      notifyAll();
    }

    private void end(@Nullable HttpResponse current) {
      if (current != null) {
        answer = null;
        current.close();
      }
    }

    synchronized void end() {
      if (!busy) {
        end(answer);
      }
    }
  }
}
