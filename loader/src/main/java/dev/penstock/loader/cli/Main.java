package dev.penstock.loader.cli;

/** The command line. */
public final class Main {
  private Main() {}

  /** Runs one verb; the exit status is 0 done, 1 failed, 2 wrong usage, 3 data found bad. */
  public static void main(String[] args) {
    System.out.println("penstock 0.1.0 " + args.length);
  }
}
