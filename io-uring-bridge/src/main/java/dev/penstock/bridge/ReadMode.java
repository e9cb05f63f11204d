package dev.penstock.bridge;

/** How a file's bytes reach memory. */
public enum ReadMode {
  /**
   * Direct when the file system allows it and the file is not mostly in the page cache already,
   * buffered otherwise.
   */
  AUTO,
  /** {@code O_DIRECT}: the page cache is neither used nor filled. */
  DIRECT,
  /** Through the page cache. */
  BUFFERED
}
