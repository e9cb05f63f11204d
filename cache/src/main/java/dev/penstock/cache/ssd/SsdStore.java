package dev.penstock.cache.ssd;

import dev.penstock.bridge.ByteBudget;
import dev.penstock.bridge.FileClaimedException;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.EnumSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** Opens a directory as a device: finds what it holds, or lays it out anew. */
public final class SsdStore {
  /** The one file in the directory. Whatever else it may contain is taken for an old layout. */
  public static final String FILE_NAME = "penstock.blocks";

  /** Memory of one device besides its table: two engines' own, a piece of the table. */
  public static final long OVERHEAD_BYTES = 8L << 20;

  private static final System.Logger LOG = System.getLogger(SsdStore.class.getName());
  private static final Set<PosixFilePermission> OWNER_ONLY =
      EnumSet.of(
          PosixFilePermission.OWNER_READ,
          PosixFilePermission.OWNER_WRITE,
          PosixFilePermission.OWNER_EXECUTE);

  /** Of the free space, what an unsized cache takes at most. */
  private static final double USUAL_PART = 0.9;

  /** How long the kernel may take with what a dead owner had under way. */
  private static final long LAST_WRITES_NANOS = 10_000_000_000L;

  private SsdStore() {}

  /** Memory that a device of so many bytes takes from the budget. */
  public static long memoryBytes(long bytes, int blockBytes, boolean encrypted) {
    return OVERHEAD_BYTES + SlotTable.bytes(bytes / blockBytes, encrypted);
  }

  /** The size that a directory will have: as asked, as it is, or most of what is free. */
  public static long sizeBytes(Path directory, OptionalLong asked, int blockBytes)
      throws IOException {
    if (asked.isPresent()) {
      return asked.getAsLong();
    }
    Path file = directory.resolve(FILE_NAME);
    Optional<SuperBlock> found = peek(file);
    if (found.isPresent() && found.get().blockBytes() == blockBytes) {
      return found.get().fileBytes();
    }
    long own = Files.exists(file) ? Files.size(file) : 0;
    long free = Files.getFileStore(existing(directory)).getUsableSpace();
    return (long) (free * USUAL_PART) + own;
  }

  /** The directory, or the nearest one above it that is there. */
  static Path existing(Path directory) {
    Path existing = directory.toAbsolutePath();
    while (!Files.exists(existing) && existing.getParent() != null) {
      existing = existing.getParent();
    }
    return existing;
  }

  /** What a directory is or would be as a device, in words; changes nothing in it. */
  public static String inspect(Path directory) {
    try {
      return Inspection.of(directory);
    } catch (IOException e) {
      return "no: " + e.getMessage();
    }
  }

  /**
   * Opens {@code directory}, made with mode 0700 if it is missing. The caller closes the device.
   *
   * @param bytes of the device that it may take
   * @param slab where blocks mostly lie
   * @param userKey 32 bytes, if blocks are to be encrypted
   * @param writesMax blocks that are written at a time, at most
   * @throws IOException if it cannot be used, or another process has it, which the message names
   * @throws dev.penstock.bridge.BudgetExceededException if its table does not fit the budget
   */
  public static SsdDevice open(
      Path directory,
      long bytes,
      int blockBytes,
      ByteBudget budget,
      MemorySegment slab,
      Optional<byte[]> userKey,
      int writesMax)
      throws IOException {
    prepare(directory);
    int slots = SuperBlock.slotsFor(bytes, blockBytes);
    if (slots < 1) {
      throw new IOException(
          "--cache-dir %s: %d bytes do not hold one block of %d bytes and its header"
              .formatted(directory, bytes, blockBytes));
    }
    Path path = directory.resolve(FILE_NAME);
    DiskFile file = claim(directory, path, budget, slab);
    try {
      SuperBlock fresh = fresh(blockBytes, slots, userKey);
      return open(file, fresh.withSlots(fresh.slotsFor(bytes)), bytes, budget, userKey, writesMax);
    } catch (IOException | RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  /**
   * Claims the file. An owner that is alive is named at once; one that is dead still holds it while
   * the kernel finishes the reads and writes that it had under way, which is waited for.
   */
  private static DiskFile claim(Path directory, Path path, ByteBudget budget, MemorySegment slab)
      throws IOException {
    long start = System.nanoTime();
    while (true) {
      try {
        return DiskFile.open(path, budget, slab);
      } catch (FileClaimedException e) {
        Owner owner = Owner.of(path);
        if (owner.isAlive() || System.nanoTime() - start > LAST_WRITES_NANOS) {
          throw new IOException(
              "--cache-dir %s is in use by %s; stop that one, or give this one a directory of its own"
                  .formatted(directory, owner),
              e);
        }
        pause();
      }
    }
  }

  private static void pause() throws IOException {
    try {
      Thread.sleep(20);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting for a cache directory");
    }
  }

  static SuperBlock fresh(int blockBytes, int slots, Optional<byte[]> userKey) {
    byte[] salt = new byte[SuperBlock.SALT_BYTES];
    new SecureRandom().nextBytes(salt);
    return SuperBlock.fresh(blockBytes, slots, salt, check(userKey, salt));
  }

  private static byte[] check(Optional<byte[]> userKey, byte[] salt) {
    return userKey
        .map(key -> BlockCipher.keyCheck(key, salt))
        .orElseGet(() -> new byte[SuperBlock.KEY_CHECK_BYTES]);
  }

  /**
   * Opens what a file holds, with as many slots as {@code bytes} hold, if block size and key are
   * those of {@code fresh}; else lays it out as {@code fresh}.
   */
  static SsdDevice open(
      SsdFile file,
      SuperBlock fresh,
      long bytes,
      ByteBudget budget,
      Optional<byte[]> userKey,
      int writesMax)
      throws IOException {
    // First, as moving blocks may take a while, in which others ask who has the file.
    Owner.sign(file);
    SuperBlock found = found(file, fresh, bytes, userKey);
    SuperBlock layout = room(file, found, found.withSlots(found.slotsFor(bytes)));
    SlotTable table = new SlotTable(layout.slots(), userKey.isPresent(), budget);
    TablePages pages = null;
    Payloads payloads = null;
    SsdHealth health = new SsdHealth(file.description());
    try {
      pages = new TablePages(layout, budget);
      pages.read(file, table, Math.min(found.slots(), layout.slots()));
      // What was read may be in the device's own cache only, if the last owner died just now.
      file.sync();
      resize(file, health, found, layout, table, pages, budget);
      payloads =
          userKey.isPresent()
              ? Payloads.sealed(
                  userKey.get(), layout.salt(), budget, layout.blockBytes(), writesMax)
              : Payloads.plain();
      return new SsdDevice(file, health, layout, table, payloads, pages);
    } catch (IOException | RuntimeException | Error e) {
      if (pages != null) {
        pages.close();
      }
      if (payloads != null) {
        payloads.close();
      }
      table.close();
      throw e;
    }
  }

  /** The layout of a file whose blocks are of use, or {@code fresh}, which it has then. */
  private static SuperBlock found(
      SsdFile file, SuperBlock fresh, long bytes, Optional<byte[]> userKey) throws IOException {
    Optional<SuperBlock> found = SuperBlock.read(file);
    if (found.isPresent() && fits(found.get(), fresh, bytes, userKey)) {
      return found.get();
    }
    found.ifPresent(
        old -> LOG.log(Level.INFO, "{0}: starts empty, {1}", file.description(), why(old, fresh)));
    file.resize(Math.max(file.sizeBytes(), fresh.fileBytes()));
    fresh.write(file);
    return fresh;
  }

  private static boolean fits(
      SuperBlock found, SuperBlock wanted, long bytes, Optional<byte[]> userKey) {
    return found.blockBytes() == wanted.blockBytes()
        && found.slotsFor(bytes) > 0
        && MessageDigest.isEqual(found.keyCheck(), check(userKey, found.salt()));
  }

  private static String why(SuperBlock found, SuperBlock wanted) {
    return found.blockBytes() == wanted.blockBytes()
        ? "as its key has changed, or it is to be smaller than its table of %d blocks"
            .formatted(found.slots())
        : "as its blocks were of %d KiB and are to be of %d KiB"
            .formatted(found.blockBytes() >> 10, wanted.blockBytes() >> 10);
  }

  /** Makes a file long enough for both layouts; the layout that it can have. */
  private static SuperBlock room(SsdFile file, SuperBlock found, SuperBlock wanted)
      throws IOException {
    try {
      file.resize(Math.max(found.fileBytes(), wanted.fileBytes()));
      return wanted;
    } catch (IOException e) {
      if (wanted.slots() <= found.slots()) {
        throw e;
      }
      LOG.log(
          Level.WARNING,
          "{0}: cannot grow and stays at {1} blocks of {2} KiB, {3}",
          file.description(),
          found.slots(),
          found.blockBytes() >> 10,
          e.getMessage());
      file.resize(found.fileBytes());
      return found;
    }
  }

  private static void resize(
      SsdFile file,
      SsdHealth health,
      SuperBlock found,
      SuperBlock wanted,
      SlotTable table,
      TablePages pages,
      ByteBudget budget)
      throws IOException {
    if (wanted.slots() == found.slots()) {
      return;
    }
    try (Resizing resizing = new Resizing(file, health, table, pages, budget)) {
      if (wanted.slots() > found.slots()) {
        resizing.grow(found, wanted);
      } else {
        resizing.shrink(found, wanted);
      }
    }
    file.resize(wanted.fileBytes());
  }

  private static void prepare(Path path) throws IOException {
    Path directory = path.toAbsolutePath();
    if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
      Path parent = directory.getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
      Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
    }
    if (!Files.isDirectory(directory)) {
      throw new IOException("--cache-dir: %s is no directory".formatted(directory));
    }
    Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(directory);
    if (!permissions.equals(OWNER_ONLY)) {
      throw new IOException(
          "--cache-dir: %s has permissions %s, rwx------ are required; chmod 700 %s, or name a directory that does not exist yet"
              .formatted(directory, PosixFilePermissions.toString(permissions), directory));
    }
  }

  /** The layout that a file has, read without a claim. */
  static Optional<SuperBlock> peek(Path file) throws IOException {
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      return Optional.empty();
    }
    ByteBuffer page = Owner.readPage(file, 0);
    return page.hasRemaining() ? Optional.empty() : SuperBlock.decode(page);
  }
}
