package dev.penstock.loader.cli;

import java.util.concurrent.Callable;

/**
 * One verb of the command line, declared with picocli's annotations. Verbs in other modules are
 * found as services of this type. Its result is the exit status.
 */
public abstract class Verb implements Callable<Integer> {
  private Console console = new Console(System.out, System.err);

  /** For subclasses. */
  protected Verb() {}

  /** Where to write. */
  protected final Console console() {
    return console;
  }

  final void writeTo(Console other) {
    this.console = other;
  }

  /**
   * Does the work.
   *
   * @throws Exception that {@link Main} turns into a message and an exit status
   */
  @Override
  public abstract Integer call() throws Exception;
}
