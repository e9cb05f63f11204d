package dev.penstock.bridge;

/** What the JDK's threads lack. */
final class Threads {
  private Threads() {}

  /** Waits for the end of {@code thread}; an interrupt is kept for later. */
  static void joinUninterruptibly(Thread thread) {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
