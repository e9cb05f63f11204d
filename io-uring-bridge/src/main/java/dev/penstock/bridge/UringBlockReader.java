package dev.penstock.bridge;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Block reads and writes by io_uring. One platform thread owns the ring; other threads hand
 * requests to it and wake it, by an eventfd of which a read is always posted in the ring, only when
 * it sleeps.
 */
final class UringBlockReader implements ReaderFactory.Engine, NativeFile.Closing {
  private static final System.Logger LOG = System.getLogger(UringBlockReader.class.getName());

  /** {@code user_data} of the posted eventfd read; pieces have theirs from 0. */
  private static final long WAKE = -1;

  /** The owner looks at the hand-off before it sleeps: no wake is needed. */
  private static final int AWAKE = 0;

  /** The owner sleeps and a completion will wake it: a wake only saves time. */
  private static final int SLEEPS_BUSY = 1;

  /** The owner sleeps and only a wake ends that. */
  private static final int SLEEPS_IDLE = 2;

  /** Enough to wake every reader that waits for room when the reader is closed. */
  private static final int ALL_PERMITS = 1 << 20;

  private final BlockReaderConfig config;
  private final UringMemory memory;
  private final Notifier wake;
  private final Semaphore room;
  private final HandOff handOff = new HandOff();
  private final AtomicInteger ownerState = new AtomicInteger(AWAKE);
  private final AtomicBoolean closed = new AtomicBoolean();
  private volatile boolean stopping;
  private final Thread owner;
  private final String description;

  private UringBlockReader(BlockReaderConfig config, UringMemory memory, Notifier wake)
      throws IOException {
    this.config = config;
    this.memory = memory;
    this.wake = wake;
    this.room = new Semaphore(config.queueDepth());
    CompletableFuture<String> started = new CompletableFuture<>();
    this.owner = Thread.ofPlatform().daemon().name("penstock-ring").start(() -> own(started));
    try {
      this.description = started.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof IOException refused ? refused : new IOException(e.getCause());
    }
  }

  /** Opens a ring and its thread; an {@link ErrnoException} if the kernel refuses one. */
  static UringBlockReader open(BlockReaderConfig config) throws IOException {
    UringMemory memory = UringMemory.open(config.budget());
    Notifier wake = null;
    try {
      wake = Notifier.createBlocking();
      return new UringBlockReader(config, memory, wake);
    } catch (IOException | RuntimeException | Error e) {
      if (wake != null) {
        wake.close();
      }
      memory.close();
      throw e;
    }
  }

  @Override
  public ReadableFile open(Path path, ReadMode mode) throws IOException {
    if (closed.get()) {
      throw new IllegalStateException("block reader is closed, open of " + path);
    }
    return NativeFile.open(path, mode, memory.callersBounce(), this);
  }

  @Override
  public void read(
      ReadableFile file,
      long fileOffset,
      MemorySegment slab,
      long slabOffset,
      int length,
      Completion completion) {
    NativeFile open = (NativeFile) file;
    open.beginRead(fileOffset, slab, slabOffset, length);
    submit(new BlockRequest(false, open, fileOffset, slab, slabOffset, length, completion));
  }

  @Override
  public WritableFile claim(Path path) throws IOException {
    if (closed.get()) {
      throw new IllegalStateException("block writer is closed, claim of " + path);
    }
    return NativeFile.claim(path, memory.callersBounce(), this);
  }

  @Override
  public void write(
      WritableFile file,
      long fileOffset,
      MemorySegment slab,
      long slabOffset,
      int length,
      Completion completion) {
    NativeFile open = (NativeFile) file;
    open.beginWrite(fileOffset, slab, slabOffset, length);
    submit(new BlockRequest(true, open, fileOffset, slab, slabOffset, length, completion));
  }

  /** Hands over a request that its file knows of already. */
  private void submit(BlockRequest request) {
    NativeFile file = request.file;
    if (!file.isOf(this)) {
      file.endRead();
      throw new IllegalArgumentException(file.path() + " was opened by another reader");
    }
    if (!room.tryAcquire()) {
      flush();
      room.acquireUninterruptibly();
    }
    if (closed.get() || !handOff.add(request)) {
      file.endRead();
      room.release();
      throw new IllegalStateException("block reader is closed, use of " + file.path());
    }
    if (ownerState.get() == SLEEPS_IDLE) {
      wakeOwner();
    }
  }

  @Override
  public void flush() {
    if (ownerState.get() != AWAKE && !handOff.isEmpty()) {
      wakeOwner();
    }
  }

  private void wakeOwner() {
    if (ownerState.getAndSet(AWAKE) != AWAKE) {
      wake.signal();
    }
  }

  @Override
  public void closing(NativeFile file) {
    // A closed ring has let go of its files already.
    if (handOff.add(new UringLoop.ForgetFile(file))) {
      flush();
    }
  }

  @Override
  public String description() {
    return description;
  }

  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      throw new IllegalStateException("block reader was closed already");
    }
    stopping = true;
    wake.signal();
    room.release(ALL_PERMITS);
    Threads.joinUninterruptibly(owner);
    wake.close();
    memory.close();
  }

  private void own(CompletableFuture<String> started) {
    try (Uring ring = Uring.open(config.queueDepth() + 1)) {
      int ringRefused = ring.registerRing();
      List<MemorySegment> regions = new ArrayList<>(config.fixedRegions());
      regions.add(memory.ringBounce().slab());
      RingTables tables = new RingTables(ring, regions);
      UringLoop loop = new UringLoop(ring, tables, memory.ringBounce(), config.queueDepth());
      started.complete(describe(ring, ringRefused, tables));
      serve(ring, loop);
    } catch (IOException | RuntimeException | Error e) {
      // Before the start this reaches the caller; after it the reads have been ended with EIO.
      if (!started.completeExceptionally(e)) {
        LOG.log(System.Logger.Level.ERROR, "io_uring reader stopped", e);
      }
    } finally {
      endRest(handOff.takeAllAndClose());
    }
  }

  private void serve(Uring ring, UringLoop loop) throws IOException {
    try {
      postWake(ring);
      while (true) {
        loop.admit(handOff.takeAll());
        if (stopping) {
          loop.cancelWaiting();
        }
        loop.issue();
        giveRoom(loop);
        if (stopping && loop.running() == 0) {
          return;
        }
        if (mayWait(loop)) {
          enter(ring);
          reap(ring, loop);
        }
      }
    } catch (IOException | RuntimeException | Error e) {
      loop.failAll();
      giveRoom(loop);
      throw e;
    }
  }

  /** Announces sleep, unless something was handed over that the announcement came too late for. */
  private boolean mayWait(UringLoop loop) {
    ownerState.set(loop.running() == 0 ? SLEEPS_IDLE : SLEEPS_BUSY);
    if (handOff.isEmpty()) {
      return true;
    }
    ownerState.set(AWAKE);
    return false;
  }

  private void enter(Uring ring) throws IOException {
    int result = ring.enter(1);
    ownerState.set(AWAKE);
    if (result < 0 && result != -Errno.EINTR && result != -Errno.EAGAIN && result != -Errno.EBUSY) {
      throw new ErrnoException("io_uring_enter", result);
    }
  }

  private void reap(Uring ring, UringLoop loop) {
    int ready = ring.ready();
    boolean woken = false;
    for (int index = 0; index < ready; index++) {
      long userData = ring.userData(index);
      if (userData == WAKE) {
        woken = true;
      } else {
        loop.finish((int) userData, ring.result(index));
      }
    }
    ring.seen(ready);
    if (woken) {
      postWake(ring);
    }
    giveRoom(loop);
  }

  private void postWake(Uring ring) {
    long target = memory.wakeTarget().address();
    ring.transfer(false, wake.descriptor(), false, 0, target, Long.BYTES, -1, WAKE);
  }

  private void giveRoom(UringLoop loop) {
    int finished = loop.takeFinished();
    if (finished > 0) {
      room.release(finished);
    }
  }

  /** Ends what was handed over when nobody was left to take it. */
  private void endRest(HandOff.@Nullable Node first) {
    for (HandOff.Node node = first; node != null; node = node.next) {
      if (node instanceof BlockRequest request) {
        request.fail(-Errno.ECANCELED);
        request.end();
        room.release();
      }
    }
  }

  private String describe(Uring ring, int ringRefused, RingTables tables) {
    return "io_uring (%s, ring %s, %s, depth %d)"
        .formatted(
            UringCalls.flagNames(ring.flags()),
            ringRefused == 0 ? "registered" : "not registered: " + Errno.name(ringRefused),
            tables.description(),
            config.queueDepth());
  }
}
