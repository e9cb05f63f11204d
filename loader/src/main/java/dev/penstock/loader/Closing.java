package dev.penstock.loader;

import java.util.List;

/** Closes several things, whatever the others do. */
final class Closing {
  private Closing() {}

  /** Closes all in this order; failures are suppressed behind {@code first}. */
  static void after(Throwable first, List<? extends AutoCloseable> resources) {
    for (AutoCloseable resource : resources) {
      try {
        resource.close();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        first.addSuppressed(e);
      } catch (Exception e) {
        first.addSuppressed(e);
      }
    }
  }
}
