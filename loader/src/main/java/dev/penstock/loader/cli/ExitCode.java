package dev.penstock.loader.cli;

/** What the exit status of every verb means. Stable: scripts rely on it. */
public final class ExitCode {
  /** All went well. */
  public static final int DONE = 0;

  /** The work failed: a read, a server, a limit. */
  public static final int FAILED = 1;

  /** The command was given wrongly; nothing was started. */
  public static final int WRONG_USAGE = 2;

  /** The work was done or stopped, and data was found bad. */
  public static final int BAD_DATA = 3;

  private ExitCode() {}
}
