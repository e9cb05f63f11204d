package dev.penstock.bridge;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * Memory that several processes map: a memfd, mapped readable and writable. Whoever creates it
 * fixes its size with seals and touches all its pages, so that nobody who maps it later can meet a
 * missing page.
 *
 * <p>Owns descriptor and mapping. The segment has the global scope: no access may follow {@link
 * #close}, and none is checked.
 */
public final class SharedRegion implements AutoCloseable {
  /** Whether to ask for pages of the reserved huge-page pool. */
  public enum Pages {
    /** Ordinary pages; huge ones where the kernel gives them to shared memory by itself. */
    ORDINARY,
    /** Reserved huge pages ({@code vm.nr_hugepages}); the size is a multiple of theirs. */
    RESERVED_HUGE
  }

  private static final int SEALS =
      MemoryCalls.F_SEAL_SHRINK | MemoryCalls.F_SEAL_GROW | MemoryCalls.F_SEAL_SEAL;

  private final OwnedDescriptor descriptor;
  private final MemorySegment segment;

  private SharedRegion(int fd, MemorySegment segment) {
    this.descriptor = new OwnedDescriptor("shared region", fd);
    this.segment = segment;
  }

  /**
   * Creates a region of {@code bytes} zeros, all pages present, sealed against shrinking, growing
   * and further seals.
   *
   * @param name shows in /proc/PID/maps
   * @throws ErrnoException if the system has not that much memory; says what to try
   */
  public static SharedRegion create(String name, long bytes, Pages pages) throws IOException {
    Native.require("shared region " + name);
    int flags = MemoryCalls.MFD_CLOEXEC | MemoryCalls.MFD_ALLOW_SEALING;
    if (pages == Pages.RESERVED_HUGE) {
      flags |= MemoryCalls.MFD_HUGETLB;
    }
    // NOEXEC_SEAL (Linux 6.3) keeps systems that demand a choice quiet; older kernels know it not.
    int fd = MemoryCalls.memfdCreate(name, flags | MemoryCalls.MFD_NOEXEC_SEAL);
    if (fd == -Errno.EINVAL) {
      fd = MemoryCalls.memfdCreate(name, flags);
    }
    if (fd < 0) {
      throw new ErrnoException("memfd_create of " + name, fd);
    }
    try {
      int sized = MemoryCalls.ftruncate(fd, bytes);
      if (sized < 0) {
        throw new ErrnoException("sizing %s to %d bytes".formatted(name, bytes), sized);
      }
      MemorySegment segment = map(fd, bytes, name);
      try {
        populate(segment, name);
        int sealed = MemoryCalls.addSeals(fd, SEALS);
        if (sealed < 0) {
          throw new ErrnoException("sealing of " + name, sealed);
        }
        return new SharedRegion(fd, segment);
      } catch (IOException | RuntimeException | Error e) {
        MemoryCalls.munmap(segment.address(), segment.byteSize());
        throw e;
      }
    } catch (IOException | RuntimeException | Error e) {
      FileCalls.close(fd);
      throw e;
    }
  }

  /**
   * Maps a region that another process made. Takes the descriptor over, also when it refuses.
   *
   * @throws RegionRefusedException if it is not sealed against changes of size, or smaller than
   *     {@code expectedBytes}
   */
  public static SharedRegion fromDescriptor(int fd, long expectedBytes) throws IOException {
    Native.require("received region");
    try {
      check(fd, expectedBytes);
      return new SharedRegion(fd, map(fd, expectedBytes, "a received region"));
    } catch (IOException | RuntimeException | Error e) {
      FileCalls.close(fd);
      throw e;
    }
  }

  private static void check(int fd, long expectedBytes) throws IOException {
    int seals = MemoryCalls.seals(fd);
    if (seals < 0) {
      throw new RegionRefusedException(
          "received region: not a memfd that can be sealed, " + Errno.name(seals));
    }
    if ((seals & SEALS) != SEALS) {
      throw new RegionRefusedException(
          "received region: seals are 0x%x, 0x%x (shrink, grow, seal) are required"
              .formatted(seals, SEALS));
    }
    long size = FileCalls.stat(fd).sizeBytes();
    if (expectedBytes <= 0 || size < expectedBytes) {
      throw new RegionRefusedException(
          "received region: it has %d bytes, %d were announced".formatted(size, expectedBytes));
    }
  }

  private static MemorySegment map(int fd, long bytes, String name) throws IOException {
    long address =
        MemoryCalls.mmap(bytes, MemoryCalls.PROT_READ_WRITE, MemoryCalls.MAP_SHARED, fd, 0);
    if (address < 0) {
      throw new ErrnoException(
          "mapping %d bytes of %s".formatted(bytes, name),
          address,
          address == -Errno.ENOMEM ? "reserved huge pages come from sysctl vm.nr_hugepages" : "");
    }
    MemoryCalls.madvise(address, bytes, MemoryCalls.MADV_HUGEPAGE);
    return Native.memory(address, bytes);
  }

  private static void populate(MemorySegment segment, String name) throws IOException {
    int result =
        MemoryCalls.madvise(segment.address(), segment.byteSize(), MemoryCalls.MADV_POPULATE_WRITE);
    if (result == -Errno.EINVAL) {
      // Before Linux 5.14: writing zeros touches the pages, at the risk of a signal.
      segment.fill((byte) 0);
    } else if (result < 0) {
      throw new ErrnoException(
          "allocating %d bytes of %s".formatted(segment.byteSize(), name),
          result,
          "raise the container's memory limit or the size of its /dev/shm, or use fewer slots");
    }
  }

  /** The memory. */
  public MemorySegment segment() {
    return segment;
  }

  /** The memfd, for sending; it stays owned by this object. */
  public int descriptor() {
    return descriptor.number();
  }

  /** Bytes of the region for which memory has been allocated, by whomever. */
  public long presentBytes() {
    int fd = descriptor.acquire();
    try {
      return FileCalls.stat(fd).storedBytes();
    } finally {
      descriptor.release();
    }
  }

  /**
   * Unmaps and closes.
   *
   * @throws IllegalStateException if it was closed already
   */
  @Override
  public void close() {
    descriptor.close();
    MemoryCalls.munmap(segment.address(), segment.byteSize());
  }
}
