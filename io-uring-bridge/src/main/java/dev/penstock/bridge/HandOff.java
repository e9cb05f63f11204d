package dev.penstock.bridge;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * Hands work from any thread to one. The nodes are linked through themselves, so handing over
 * allocates nothing; the taker gets everything at once, oldest first. How much may wait here is
 * bounded by whoever adds.
 */
final class HandOff {
  /** What can be handed over. In one queue at a time. */
  abstract static class Node {
    @Nullable Node next;
  }

  private static final class End extends Node {}

  private static final VarHandle HEAD;

  static {
    try {
      HEAD = MethodHandles.lookup().findVarHandle(HandOff.class, "head", Node.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final Node CLOSED = new End();

  private volatile @Nullable Node head;

  /** Adds a node; false when the queue is closed. */
  boolean add(Node node) {
    while (true) {
      Node first = head;
      if (first instanceof End) {
        return false;
      }
      node.next = first;
      if (HEAD.compareAndSet(this, first, node)) {
        return true;
      }
    }
  }

  boolean isEmpty() {
    return head == null;
  }

  /** Everything handed over since the last call, oldest first, linked by {@link Node#next}. */
  @Nullable Node takeAll() {
    return head == null ? null : reversed((Node) HEAD.getAndSet(this, (Node) null));
  }

  /** The same, and nothing can be added from now on. */
  @Nullable Node takeAllAndClose() {
    return reversed((Node) HEAD.getAndSet(this, CLOSED));
  }

  private static @Nullable Node reversed(@Nullable Node newest) {
    Node oldest = null;
    Node node = newest;
    while (node != null) {
      Node next = node.next;
      node.next = oldest;
      oldest = node;
      node = next;
    }
    return oldest;
  }
}
