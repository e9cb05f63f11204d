package dev.penstock.bridge;

import static dev.penstock.bridge.Native.INT;
import static dev.penstock.bridge.Native.LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;

/**
 * One io_uring: its two queues, its registrations. Made, used and closed by one platform thread,
 * which is what SINGLE_ISSUER asks for.
 */
final class Uring implements AutoCloseable {
  /** The kernel takes no larger registered buffer. */
  static final long BUFFER_BYTES_MAX = 1L << 30;

  private static final VarHandle WORD = INT.varHandle();

  /** Best first; each is what older kernels still take (6.1, 5.19, 5.1). */
  private static final int[] FLAG_CHOICES = {
    UringCalls.SETUP_SINGLE_ISSUER | UringCalls.SETUP_DEFER_TASKRUN,
    UringCalls.SETUP_COOP_TASKRUN,
    0
  };

  private final int fd;
  private final int flags;
  private final MemorySegment rings;
  private final MemorySegment entries;
  private final int sqEntries;
  private final int sqMask;
  private final int cqMask;
  private final long sqHead;
  private final long sqTail;
  private final long cqHead;
  private final long cqTail;
  private final long cqes;

  private int enterFd;
  private int enterFlags = UringCalls.ENTER_GETEVENTS;

  /** Entries written so far; published to the kernel by {@link #enter}. */
  private int tail;

  private Uring(int fd, MemorySegment params, MemorySegment rings, MemorySegment entries) {
    this.fd = fd;
    this.enterFd = fd;
    this.rings = rings;
    this.entries = entries;
    this.flags = UringCalls.param(params, "flags");
    this.sqEntries = UringCalls.param(params, "sq_entries");
    this.sqHead = UringCalls.param(params, "sq_off", "head");
    this.sqTail = UringCalls.param(params, "sq_off", "tail");
    this.cqHead = UringCalls.param(params, "cq_off", "head");
    this.cqTail = UringCalls.param(params, "cq_off", "tail");
    this.cqes = UringCalls.param(params, "cq_off", "cqes");
    this.sqMask = rings.get(INT, UringCalls.param(params, "sq_off", "ring_mask"));
    this.cqMask = rings.get(INT, UringCalls.param(params, "cq_off", "ring_mask"));
    long array = UringCalls.param(params, "sq_off", "array");
    for (int index = 0; index < sqEntries; index++) {
      rings.set(INT, array + 4L * index, index);
    }
  }

  /**
   * Makes a ring with room for {@code entries} requests in flight.
   *
   * @throws ErrnoException if the kernel refuses; says what to try
   */
  static Uring open(int entries) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment params = arena.allocate(UringCalls.PARAMS);
      int fd = -Errno.EINVAL;
      for (int choice = 0; choice < FLAG_CHOICES.length && fd == -Errno.EINVAL; choice++) {
        params.fill((byte) 0);
        params.set(INT, 8, FLAG_CHOICES[choice] | UringCalls.SETUP_CLAMP);
        fd = UringCalls.setup(entries, params);
      }
      if (fd < 0) {
        throw new ErrnoException("io_uring_setup", fd, remedy(fd));
      }
      return map(fd, params);
    }
  }

  private static String remedy(int errno) {
    return switch (-errno) {
      case Errno.ENOSYS -> "the kernel has no io_uring (Linux 5.6 or newer is needed)";
      case Errno.EPERM ->
          "it is forbidden by sysctl kernel.io_uring_disabled (try 0) or by the container's seccomp"
              + " profile (docker run --security-opt seccomp=unconfined, or a profile with"
              + " io_uring)";
      case Errno.ENOMEM -> "raise the limit of locked memory: ulimit -l unlimited";
      default -> "see io_uring_setup(2)";
    };
  }

  private static Uring map(int fd, MemorySegment params) throws ErrnoException {
    int needed = UringCalls.FEAT_SINGLE_MMAP | UringCalls.FEAT_NODROP;
    if ((UringCalls.param(params, "features") & needed) != needed) {
      FileCalls.close(fd);
      throw new ErrnoException(
          "io_uring_setup", Errno.ENOSYS, "Linux 5.6 or newer is needed for one ring mapping");
    }
    int sqEntries = UringCalls.param(params, "sq_entries");
    int cqEntries = UringCalls.param(params, "cq_entries");
    long sqBytes = UringCalls.param(params, "sq_off", "array") + 4L * sqEntries;
    long cqBytes =
        UringCalls.param(params, "cq_off", "cqes") + (long) UringCalls.CQE_BYTES * cqEntries;
    long ringBytes = Math.max(sqBytes, cqBytes);
    long entryBytes = (long) UringCalls.SQE_BYTES * sqEntries;
    int flags = MemoryCalls.MAP_SHARED | MemoryCalls.MAP_POPULATE;
    int protection = MemoryCalls.PROT_READ_WRITE;
    long rings = MemoryCalls.mmap(ringBytes, protection, flags, fd, UringCalls.MAP_RINGS);
    long entries =
        rings < 0
            ? rings
            : MemoryCalls.mmap(entryBytes, protection, flags, fd, UringCalls.MAP_SQES);
    if (entries < 0) {
      if (rings >= 0) {
        MemoryCalls.munmap(rings, ringBytes);
      }
      FileCalls.close(fd);
      throw new ErrnoException("mmap of io_uring's queues", entries);
    }
    return new Uring(
        fd, params, Native.memory(rings, ringBytes), Native.memory(entries, entryBytes));
  }

  /** The set-up flags as the kernel wrote them back. */
  int flags() {
    return flags;
  }

  int fd() {
    return fd;
  }

  /** How many requests fit between two calls of {@link #enter}. */
  int entryCount() {
    return sqEntries;
  }

  /** Registers the ring's own descriptor for this thread; 0 or a negated errno. */
  int registerRing() {
    try (Arena arena = Arena.ofConfined()) {
      // struct io_uring_rsrc_update {u32 offset, u32 resv, u64 data}; offset -1: any place
      MemorySegment update = arena.allocate(16, 8);
      update.set(INT, 0, -1);
      update.set(LONG, 8, fd);
      int result = UringCalls.register(fd, UringCalls.REGISTER_RING_FDS, update, 1);
      if (result != 1) {
        return result;
      }
      enterFd = update.get(INT, 0);
      enterFlags |= UringCalls.ENTER_REGISTERED_RING;
      return 0;
    }
  }

  /** Registers memory as fixed buffers 0, 1, ...; 0 or a negated errno. */
  int registerBuffers(List<MemorySegment> buffers) {
    try (Arena arena = Arena.ofConfined()) {
      // struct iovec {void *base, size_t len}
      MemorySegment vectors = arena.allocate(16L * buffers.size(), 8);
      for (int index = 0; index < buffers.size(); index++) {
        vectors.set(LONG, 16L * index, buffers.get(index).address());
        vectors.set(LONG, 16L * index + 8, buffers.get(index).byteSize());
      }
      return UringCalls.register(fd, UringCalls.REGISTER_BUFFERS, vectors, buffers.size());
    }
  }

  /** {@code region} in pieces that the kernel takes. */
  static List<MemorySegment> bufferPieces(MemorySegment region) {
    List<MemorySegment> pieces = new ArrayList<>();
    for (long at = 0; at < region.byteSize(); at += BUFFER_BYTES_MAX) {
      pieces.add(region.asSlice(at, Math.min(BUFFER_BYTES_MAX, region.byteSize() - at)));
    }
    return pieces;
  }

  /** Makes a table of {@code count} empty places for files; 0 or a negated errno. */
  int registerFileTable(int count) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment descriptors = arena.allocate(4L * count, 8);
      descriptors.fill((byte) -1);
      return UringCalls.register(fd, UringCalls.REGISTER_FILES, descriptors, count);
    }
  }

  /** Puts a descriptor (or -1) in a place of the file table; 1 or a negated errno. */
  int updateFile(int place, int descriptor) {
    try (Arena arena = Arena.ofConfined()) {
      // struct io_uring_files_update {u32 offset, u32 resv, u64 fds}
      MemorySegment update = arena.allocate(24, 8);
      update.set(INT, 0, place);
      update.set(LONG, 8, update.address() + 16);
      update.set(INT, 16, descriptor);
      return UringCalls.register(fd, UringCalls.REGISTER_FILES_UPDATE, update, 1);
    }
  }

  /**
   * Queues a read or a write. There must be room: fewer than {@link #entryCount} since the last
   * {@link #enter}.
   *
   * @param buffer index of the registered buffer that holds all of the memory, or -1
   */
  void transfer(
      boolean write,
      int file,
      boolean fixedFile,
      long offset,
      long address,
      int length,
      int buffer,
      long userData) {
    long at = (long) (tail++ & sqMask) * UringCalls.SQE_BYTES;
    int opcode = UringCalls.opcode(write, buffer >= 0);
    int sqeFlags = fixedFile ? UringCalls.SQE_FIXED_FILE : 0;
    // Eight aligned words; little-endian, as are both architectures that io_uring numbers fit.
    entries.set(LONG, at, opcode | sqeFlags << 8 | (long) file << 32);
    entries.set(LONG, at + 8, offset);
    entries.set(LONG, at + 16, address);
    entries.set(LONG, at + 24, length);
    entries.set(LONG, at + 32, userData);
    entries.set(LONG, at + 40, Math.max(0, buffer));
    entries.set(LONG, at + 48, 0);
    entries.set(LONG, at + 56, 0);
  }

  /** Entries that the kernel has not taken yet. */
  int unsubmitted() {
    return tail - (int) WORD.getAcquire(rings, sqHead);
  }

  /**
   * Hands over what was queued and, if {@code wait} is positive, waits for so many completions.
   * Returns a negated errno if nothing was taken.
   */
  int enter(int wait) {
    publish();
    return UringCalls.enter(enterFd, unsubmitted(), wait, enterFlags);
  }

  /** Shows the kernel what was queued; {@link #enter} does it too. */
  void publish() {
    WORD.setRelease(rings, sqTail, tail);
  }

  /** How many completions can be looked at. */
  int ready() {
    return (int) WORD.getAcquire(rings, cqTail) - (int) WORD.get(rings, cqHead);
  }

  /** {@code user_data} of the completion that is {@code index} places after the oldest. */
  long userData(int index) {
    return rings.get(LONG, completion(index));
  }

  /** {@code res} of the completion that is {@code index} places after the oldest. */
  int result(int index) {
    return rings.get(INT, completion(index) + 8);
  }

  private long completion(int index) {
    int place = ((int) WORD.get(rings, cqHead) + index) & cqMask;
    return cqes + (long) place * UringCalls.CQE_BYTES;
  }

  /** Gives the {@code count} oldest completions back to the kernel. */
  void seen(int count) {
    WORD.setRelease(rings, cqHead, (int) WORD.get(rings, cqHead) + count);
  }

  /** Unmaps and closes; the kernel drops the registrations. Nothing may be in flight. */
  @Override
  public void close() {
    MemoryCalls.munmap(entries.address(), entries.byteSize());
    MemoryCalls.munmap(rings.address(), rings.byteSize());
    FileCalls.close(fd);
  }
}
