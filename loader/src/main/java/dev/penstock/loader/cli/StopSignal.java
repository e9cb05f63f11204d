package dev.penstock.loader.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Lets a run end between two batches when the process is told to end (Ctrl-C, SIGTERM), with its
 * files whole: the Java machine's end waits for {@link #close}, though not for ever. The thread is
 * not interrupted, since that would close the files it writes.
 */
final class StopSignal implements AutoCloseable {
  /** Who sends SIGTERM sends SIGKILL some ten seconds later as a rule. */
  private static final long PATIENCE_SECONDS = 8;

  private final CountDownLatch done = new CountDownLatch(1);
  private final Thread hook = new Thread(this::stop, "penstock-stop");
  private volatile boolean raised;

  private StopSignal() {}

  /** From now on a signal raises the flag; whoever opens it asks for it between batches. */
  static StopSignal listen() {
    StopSignal signal = new StopSignal();
    Runtime.getRuntime().addShutdownHook(signal.hook);
    return signal;
  }

  private void stop() {
    raised = true;
    try {
      done.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether the process is to end. */
  boolean isRaised() {
    return raised;
  }

  /** The files are whole; the process may end. */
  @Override
  public void close() {
    done.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException _) {
      raised = true; // the Java machine is ending, and the hook has just been let go
    }
  }
}
