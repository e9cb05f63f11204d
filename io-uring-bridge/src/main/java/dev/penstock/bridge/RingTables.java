package dev.penstock.bridge;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * What a ring has registered: fixed buffers, found by address, and a table of files. Each of the
 * two may be refused; then plain addresses and descriptors serve, and {@link #description} says so.
 */
final class RingTables {
  private static final int FILE_PLACES = 1024;

  private final Uring ring;
  private final String description;
  private final long[] bufferStarts;
  private final long[] bufferEnds;
  private final int[] freePlaces;
  private int freeCount;

  RingTables(Uring ring, List<MemorySegment> regions) {
    this.ring = ring;
    List<MemorySegment> buffers = new ArrayList<>();
    for (MemorySegment region : regions) {
      buffers.addAll(Uring.bufferPieces(region));
    }
    int refusedBuffers = ring.registerBuffers(buffers);
    if (refusedBuffers < 0) {
      buffers.clear();
    }
    bufferStarts = buffers.stream().mapToLong(MemorySegment::address).toArray();
    bufferEnds = buffers.stream().mapToLong(piece -> piece.address() + piece.byteSize()).toArray();
    int refusedFiles = ring.registerFileTable(FILE_PLACES);
    freePlaces = new int[refusedFiles < 0 ? 0 : FILE_PLACES];
    for (int place = 0; place < freePlaces.length; place++) {
      freePlaces[place] = freePlaces.length - 1 - place;
    }
    freeCount = freePlaces.length;
    description = describe(buffers, refusedBuffers, refusedFiles);
  }

  private static String describe(
      List<MemorySegment> buffers, int refusedBuffers, int refusedFiles) {
    long bytes = buffers.stream().mapToLong(MemorySegment::byteSize).sum();
    String bufferText =
        refusedBuffers == 0
            ? "%d fixed buffers of %d MiB".formatted(buffers.size(), bytes >> 20)
            : "no fixed buffers: %s, %s"
                .formatted(Errno.name(refusedBuffers), Limits.lockedMemory());
    String fileText =
        refusedFiles == 0
            ? "table of %d files".formatted(FILE_PLACES)
            : "no file table: " + Errno.name(refusedFiles);
    return bufferText + ", " + fileText;
  }

  String description() {
    return description;
  }

  /** The index of the registered buffer in which {@code address} lies, or -1. */
  int bufferOf(long address) {
    for (int index = 0; index < bufferStarts.length; index++) {
      if (address >= bufferStarts[index] && address < bufferEnds[index]) {
        return index;
      }
    }
    return -1;
  }

  long bufferEnd(int index) {
    return bufferEnds[index];
  }

  /** Sees to it that {@link NativeFile#ringSlot} says how to name the file to the ring. */
  void admit(NativeFile file) {
    if (file.ringSlot != NativeFile.SLOT_UNKNOWN) {
      return;
    }
    file.ringSlot = NativeFile.SLOT_NONE;
    if (freeCount > 0) {
      int place = freePlaces[freeCount - 1];
      if (ring.updateFile(place, file.fd()) == 1) {
        freeCount--;
        file.ringSlot = place;
      }
    }
  }

  /** Takes a closed file out of the table, so that the kernel lets go of it. */
  void forget(NativeFile file) {
    if (file.ringSlot >= 0 && ring.updateFile(file.ringSlot, -1) == 1) {
      freePlaces[freeCount++] = file.ringSlot;
    }
    file.ringSlot = NativeFile.SLOT_NONE;
  }
}
