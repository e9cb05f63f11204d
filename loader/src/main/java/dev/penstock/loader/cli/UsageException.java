package dev.penstock.loader.cli;

import dev.penstock.cache.origin.OriginException;
import java.io.IOException;
import java.util.function.Supplier;

/** The command was given wrongly. The message names the option, its value and what is accepted. */
public final class UsageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** With what is wrong and what to try. */
  public UsageException(String message) {
    super(message);
  }

  private UsageException(IllegalArgumentException cause) {
    super(cause.getMessage(), cause);
  }

  /** Runs a check of what the user gave; its refusal becomes a usage error. */
  public static <T> T check(Supplier<T> check) {
    try {
      return check.get();
    } catch (IllegalArgumentException e) {
      throw new UsageException(e);
    }
  }

  /**
   * The same for checks that have to look at files: a dataset that is not there, or cannot be
   * listed as asked, is a usage error.
   */
  static <T> T checkIo(IoCheck<T> check) throws IOException {
    try {
      return check.run();
    } catch (IllegalArgumentException e) {
      throw new UsageException(e);
    } catch (OriginException e) {
      if (e.kind() == OriginException.Kind.NOT_FOUND
          || e.kind() == OriginException.Kind.UNSUPPORTED) {
        throw new UsageException(new IllegalArgumentException(e.getMessage(), e));
      }
      throw e;
    }
  }

  /** A check that looks at files. */
  @FunctionalInterface
  interface IoCheck<T> {
    T run() throws IOException;
  }
}
