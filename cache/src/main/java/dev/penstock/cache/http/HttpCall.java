package dev.penstock.cache.http;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What one caller waits for, as seen from outside: it can be cancelled by any thread, and cuts its
 * connection when nothing comes in time. For one exchange at a time; a redirect is the next one.
 */
public final class HttpCall {
  private enum Phase {
    CONNECT,
    ANSWER,
    BODY,
    DONE
  }

  private volatile long heardNanos = System.nanoTime();
  private volatile long receivedBytes;

  // Guarded by this.
  private Phase phase = Phase.CONNECT;
  private @Nullable Wire wire;
  private @Nullable ScheduledFuture<?> timer;
  private boolean cancelled;
  private @Nullable String timeout;
  private long limitMillis;
  private long slowBytes;
  private long bytesBefore;

  /** Makes the exchange fail as soon as possible. */
  public synchronized void cancel() {
    cancelled = true;
    if (phase != Phase.DONE && wire != null) {
      wire.abort();
    }
  }

  /** Whether {@link #cancel} was called. */
  public synchronized boolean isCancelled() {
    return cancelled;
  }

  /** Bytes of the body so far. */
  public long receivedBytes() {
    return receivedBytes;
  }

  /** When the last byte came, or the exchange began, by {@link System#nanoTime}. */
  public long heardNanos() {
    return heardNanos;
  }

  void heard(int bodyBytes) {
    heardNanos = System.nanoTime();
    if (bodyBytes > 0) {
      long before = receivedBytes;
      receivedBytes = before + bodyBytes;
    }
  }

  synchronized void connecting(Wire channel, long millis, ScheduledExecutorService timers)
      throws IOException {
    enter(Phase.CONNECT, channel, millis, 0, timers);
  }

  synchronized void asked(Wire channel, long millis, ScheduledExecutorService timers)
      throws IOException {
    enter(Phase.ANSWER, channel, millis, 0, timers);
  }

  synchronized void answered(Wire channel, HttpClientConfig config, ScheduledExecutorService timers)
      throws IOException {
    enter(Phase.BODY, channel, config.stallMillis(), config.slowBytes(), timers);
  }

  /** For transports with connections of their own: how to cut the one in use. */
  public synchronized void abortBy(Runnable abort) throws IOException {
    if (cancelled) {
      abort.run();
      throw new IOException("the request was cancelled");
    }
    phase = Phase.BODY;
    wire =
        new Wire() {
          @Override
          public int read(ByteBuffer target) {
            throw new UnsupportedOperationException();
          }

          @Override
          public void write(ByteBuffer source) {
            throw new UnsupportedOperationException();
          }

          @Override
          public void abort() {
            abort.run();
          }
        };
  }

  /** Ends what {@link #abortBy} began. */
  public void released() {
    finished();
  }

  /** The exchange has ended; its connection may be somebody else's now. */
  synchronized void finished() {
    phase = Phase.DONE;
    wire = null;
    stopTimer();
  }

  private void enter(
      Phase next, Wire channel, long millis, long slowest, ScheduledExecutorService timers)
      throws IOException {
    stopTimer();
    phase = next;
    wire = channel;
    limitMillis = millis;
    slowBytes = slowest;
    bytesBefore = receivedBytes;
    heardNanos = System.nanoTime();
    if (cancelled) {
      channel.abort();
      throw new IOException("the request was cancelled");
    }
    try {
      timer = timers.schedule(() -> look(timers), millis, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closed) {
      channel.abort();
      throw new IOException("the HTTP client is closed", closed);
    }
  }

  private synchronized void look(ScheduledExecutorService timers) {
    Wire watched = wire;
    if (phase == Phase.DONE || watched == null) {
      return;
    }
    long silentMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - heardNanos);
    if (silentMillis >= limitMillis) {
      timeout =
          switch (phase) {
            case CONNECT -> "no connection within %d ms".formatted(limitMillis);
            case ANSWER -> "no answer within %d ms".formatted(limitMillis);
            default ->
                "no byte of the body within %d ms, after %d".formatted(limitMillis, receivedBytes);
          };
      watched.abort();
      return;
    }
    if (phase == Phase.BODY && receivedBytes - bytesBefore < slowBytes) {
      timeout =
          "only %d bytes of the body came in %d ms, at least %d must"
              .formatted(receivedBytes - bytesBefore, limitMillis, slowBytes);
      watched.abort();
      return;
    }
    bytesBefore = receivedBytes;
    timer =
        timers.schedule(() -> look(timers), nextLookMillis(silentMillis), TimeUnit.MILLISECONDS);
  }

  /** The body is looked at each whole period, for its rate; the rest when its time is up. */
  private long nextLookMillis(long silentMillis) {
    return phase == Phase.BODY ? limitMillis : Math.max(1, limitMillis - silentMillis);
  }

  private void stopTimer() {
    if (timer != null) {
      timer.cancel(false);
      timer = null;
    }
  }

  /** What a failure of the connection really was. */
  synchronized IOException explain(IOException failure) {
    if (timeout != null) {
      HttpTimeoutException timedOut = new HttpTimeoutException(timeout);
      timedOut.initCause(failure);
      return timedOut;
    }
    return failure;
  }

  synchronized boolean timedOut() {
    return timeout != null;
  }
}
