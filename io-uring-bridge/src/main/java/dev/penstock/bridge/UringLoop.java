package dev.penstock.bridge;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The owner of a ring: cuts requests into pieces, keeps the ring fed, finishes requests. Everything
 * here runs on one thread.
 */
final class UringLoop {
  /** Interruptions of one piece that are taken for chance. */
  private static final int TRIES_MAX = 100;

  private final Uring ring;
  private final RingTables tables;
  private final BlockPool bounce;
  private final Piece[] pieces;

  /** Stack of unused pieces. */
  private final int[] unused;

  private int unusedCount;

  private final ArrayDeque<BlockRequest> waiting = new ArrayDeque<>();
  private final ArrayDeque<Piece> again = new ArrayDeque<>();
  private int finished;

  UringLoop(Uring ring, RingTables tables, BlockPool bounce, int depth) {
    this.ring = ring;
    this.tables = tables;
    this.bounce = bounce;
    this.pieces = new Piece[depth];
    this.unused = new int[depth];
    for (int index = 0; index < depth; index++) {
      pieces[index] = new Piece(index);
      unused[index] = index;
    }
    this.unusedCount = depth;
  }

  int running() {
    return pieces.length - unusedCount;
  }

  /** Requests that have ended since the last call. */
  int takeFinished() {
    int count = finished;
    finished = 0;
    return count;
  }

  /** Takes what was handed over. */
  void admit(HandOff.@Nullable Node first) {
    HandOff.Node node = first;
    while (node != null) {
      HandOff.Node next = node.next;
      node.next = null;
      if (node instanceof BlockRequest request) {
        tables.admit(request.file);
        waiting.add(request);
      } else if (node instanceof ForgetFile forget) {
        tables.forget(forget.file);
      }
      node = next;
    }
  }

  /** Told of a closed file. */
  static final class ForgetFile extends HandOff.Node {
    final NativeFile file;

    ForgetFile(NativeFile file) {
      this.file = file;
    }
  }

  /** Ends what has not been handed to the kernel; what has been is finished as usual. */
  void cancelWaiting() {
    for (BlockRequest request : waiting) {
      request.fail(-Errno.ECANCELED);
      if (request.isDone()) {
        complete(request);
      }
    }
    waiting.clear();
  }

  /** Queues as many pieces as there is room for. */
  void issue() {
    while (!again.isEmpty()) {
      queue(again.remove());
    }
    while (unusedCount > 0 && !waiting.isEmpty()) {
      BlockRequest request = waiting.element();
      if (request.issued == request.length) {
        waiting.remove();
        if (request.isDone() && request.length == 0) {
          complete(request);
        }
      } else if (!issueNext(request)) {
        return;
      }
    }
  }

  /** Queues the next piece of {@code request}; false when it needs a bounce block and has none. */
  private boolean issueNext(BlockRequest request) {
    int alignment = request.file.alignmentBytes();
    long at = request.fileOffset + request.issued;
    long address = request.slab.address() + request.slabOffset + request.issued;
    int step = OpenFile.step(at, address, request.length - request.issued, alignment);
    Piece piece = pieces[unused[unusedCount - 1]];
    piece.request = request;
    piece.done = 0;
    piece.tries = 0;
    piece.direct = alignment > 1;
    if (step > 0) {
      aimStraight(piece, request, at, address, step);
    } else if (!aimAtBounce(piece, request, at, -step, alignment)) {
      piece.request = null;
      return false;
    }
    unusedCount--;
    request.running++;
    queue(piece);
    if (request.issued == request.length) {
      waiting.remove();
    }
    return true;
  }

  private void aimStraight(Piece piece, BlockRequest request, long at, long address, int step) {
    int length = Math.min(step, request.file.requestBytes());
    int buffer = tables.bufferOf(address);
    if (buffer >= 0 && address + length > tables.bufferEnd(buffer)) {
      long inside = tables.bufferEnd(buffer) - address;
      boolean keepsAlignment = !piece.direct || inside % NativeRegion.PAGE_BYTES == 0;
      length = keepsAlignment ? (int) inside : length;
      buffer = keepsAlignment ? buffer : -1;
    }
    piece.fileOffset = at;
    piece.address = address;
    piece.length = length;
    piece.buffer = buffer;
    piece.bounceBlock = -1;
    request.issued += length;
  }

  private boolean aimAtBounce(Piece piece, BlockRequest request, long at, int want, int alignment) {
    int block = bounce.take();
    if (block < 0) {
      return false;
    }
    int skip = (int) (at & (alignment - 1));
    int span = OpenFile.bounceSpan(skip, want, alignment);
    piece.fileOffset = at - skip;
    piece.address = bounce.slab().address() + bounce.offset(block);
    piece.length = span;
    piece.buffer = tables.bufferOf(piece.address);
    piece.bounceBlock = block;
    piece.wanted = Math.min(want, span - skip);
    piece.wantedAt = request.issued;
    request.issued += piece.wanted;
    return true;
  }

  private void queue(Piece piece) {
    BlockRequest request = piece.request;
    if (request == null) {
      throw new IllegalStateException("piece " + piece.index + " belongs to no request");
    }
    int slot = request.file.ringSlot;
    boolean fixed = slot >= 0;
    ring.transfer(
        request.write,
        fixed ? slot : request.file.fd(),
        fixed,
        piece.fileOffset + piece.done,
        piece.address + piece.done,
        piece.length - piece.done,
        piece.buffer,
        piece.index);
  }

  /** Handles the completion of piece {@code index}. */
  void finish(int index, int result) {
    Piece piece = pieces[index];
    BlockRequest request = piece.request;
    if (request == null) {
      throw new IllegalStateException("completion of piece %d, which is unused".formatted(index));
    }
    if (result < 0) {
      if (piece.tries++ < TRIES_MAX && request.file.retry(result, piece.direct)) {
        piece.direct = request.file.alignmentBytes() > 1;
        again.add(piece);
        return;
      }
      request.fail(result);
    } else if (goesOn(piece, request, result)) {
      again.add(piece);
      return;
    }
    release(piece, request);
    if (request.isDone()) {
      complete(request);
    }
  }

  /** Counts what was moved; true when the kernel stopped short before the end. */
  private static boolean goesOn(Piece piece, BlockRequest request, int result) {
    piece.done += result;
    if (piece.done == piece.length) {
      return false;
    }
    if (request.write) {
      // Why the kernel stopped short, the next try tells; nothing at all would never end.
      if (result > 0) {
        return true;
      }
      request.fail(-Errno.EIO);
      return false;
    }
    long end = piece.fileOffset + piece.done;
    int unaligned = piece.direct ? result & (request.file.alignmentBytes() - 1) : 0;
    if (result > 0 && unaligned == 0 && !request.file.endsAt(end)) {
      return true;
    }
    request.fileEnd = Math.min(request.fileEnd, end);
    return false;
  }

  private void release(Piece piece, BlockRequest request) {
    if (piece.bounceBlock >= 0) {
      int skip = (int) (request.fileOffset + piece.wantedAt - piece.fileOffset);
      int usable = Math.clamp((long) piece.done - skip, 0, piece.wanted);
      MemorySegment.copy(
          bounce.slab(),
          bounce.offset(piece.bounceBlock) + skip,
          request.slab,
          request.slabOffset + piece.wantedAt,
          usable);
      bounce.give(piece.bounceBlock);
    }
    piece.request = null;
    unused[unusedCount++] = piece.index;
    request.running--;
  }

  private void complete(BlockRequest request) {
    finished++;
    request.end();
  }

  /** After the ring itself has failed: ends everything with an I/O error. */
  void failAll() {
    for (Piece piece : pieces) {
      BlockRequest request = piece.request;
      if (request != null) {
        request.fail(-Errno.EIO);
        piece.done = 0;
        release(piece, request);
        if (request.isDone()) {
          complete(request);
        }
      }
    }
    for (BlockRequest request : waiting) {
      request.fail(-Errno.EIO);
      if (request.isDone()) {
        complete(request);
      }
    }
    waiting.clear();
    again.clear();
  }
}
