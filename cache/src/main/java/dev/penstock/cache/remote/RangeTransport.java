package dev.penstock.cache.remote;

import dev.penstock.bridge.Scatter;
import dev.penstock.cache.http.HttpCall;
import dev.penstock.cache.origin.StoredObject;
import java.io.IOException;
import java.nio.ByteBuffer;

/** How one store is asked for one range, once. Thread-safe; blocks the calling thread. */
public interface RangeTransport {
  /**
   * Asks for {@code [offset, offset + length)} of {@code object} in its recorded version, and puts
   * what comes into {@code body}. Returns when all of it is there.
   *
   * @param call by which the request can be cancelled from outside
   * @param fresh whether to use another connection, if possible to another machine
   * @throws dev.penstock.cache.origin.OriginException if the store refuses; its kind says why
   * @throws IOException if the connection fails, or ends early; what is in {@code body} stays
   */
  void get(StoredObject object, long offset, long length, Body body, HttpCall call, boolean fresh)
      throws IOException;

  /** Where the bytes of one answer go, in order. One thread. */
  interface Body {
    /**
     * Memory for the next bytes: never empty while bytes are wanted. Filled from its position, and
     * answered with {@link #filled} before the next call.
     *
     * @throws IOException if nobody wants the bytes any more
     */
    ByteBuffer room() throws IOException;

    /**
     * In place of {@link #room}: adds to {@code into} the places of the next bytes, {@code most} of
     * them or the first part; they are answered with one {@link #filled}, too. False, having added
     * nothing, where {@code room} is all that there is.
     *
     * @throws IOException if nobody wants the bytes any more
     */
    default boolean places(Scatter into, long most) throws IOException {
      return false;
    }

    /** So many bytes were put into the last {@link #room}, or {@link #places}. */
    void filled(int bytes);
  }
}
