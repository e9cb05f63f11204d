package dev.penstock.cache.http;

import java.io.IOException;
import java.nio.ByteBuffer;

/** The bytes of one connection, plain or through TLS. One thread at a time reads or writes. */
interface Wire {
  /** Reads at least one byte into {@code target}, which has room; -1 at the end. */
  int read(ByteBuffer target) throws IOException;

  /** Writes all of {@code source}. */
  void write(ByteBuffer source) throws IOException;

  /** Cuts the connection; whoever reads or writes fails. Any thread, any number of times. */
  void abort();

  /** Bytes of memory that it holds for as long as it is open. */
  default int heldBytes() {
    return 0;
  }
}
