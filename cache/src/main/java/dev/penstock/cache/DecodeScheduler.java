package dev.penstock.cache;

import dev.penstock.bridge.ByteBudget;
import dev.penstock.cache.DecodeStream.Demand;
import dev.penstock.cache.DecodeStream.State;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SequencedSet;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Decides which stream decodes which block, and in what order: the stream that was asked first goes
 * first, one block at a time. Thread-safe.
 *
 * <p>A demand goes to the nearest stream that has not passed its block, unless a frame begins in
 * between; else to a new stream at that frame, or to one that nobody needs where it is; and when
 * all are busy it waits for one. Every demanded block has its place in memory before it is
 * demanded, so streams never wait for memory, and so each demand ends.
 *
 * <p>Lock order: the one of {@link RamTier} before this one, never the other way round.
 */
final class DecodeScheduler {
  /** So many blocks are decoded through rather than entering at a later frame. */
  private static final int NEAR_BLOCKS = 4;

  private final DecodeMemory memory;
  private final ByteBudget budget;
  private final int blockBytes;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition work = lock.newCondition();
  private final PriorityQueue<DecodeStream> queue =
      new PriorityQueue<>(Comparator.comparingLong((DecodeStream stream) -> stream.urgency));
  private final DecodeStreams streams;
  private final StreamInputs inputs = new StreamInputs(lock, this::enqueue);
  private final SequencedSet<DecodeStream> idle = new LinkedHashSet<>();
  private final ArrayDeque<Waiting> starved = new ArrayDeque<>();
  private long sequence;

  // Streams that the budget has room for, and those that it turned out to have none for.
  private int limit = Integer.MAX_VALUE;
  private int retired;
  private boolean closed;

  /** A demand that no stream could take. */
  private record Waiting(Decoding decoding, Demand demand) {}

  DecodeScheduler(DecodeMemory memory, OriginReads reads, ByteBudget budget, int blockBytes) {
    this.memory = memory;
    this.budget = budget;
    this.streams = new DecodeStreams(memory, reads, budget, blockBytes);
    this.blockBytes = blockBytes;
  }

  /** Streams that wait for stored bytes. */
  StreamInputs inputs() {
    return inputs;
  }

  /** Asks for blocks of one shard, ascending; each is settled exactly once. */
  void demand(Decoding decoding, Share share, Missing missing) {
    lock.lock();
    try {
      for (int i = 0; i < missing.count; i++) {
        place(decoding, new Demand(missing.blocks[i], share, sequence++));
      }
    } finally {
      lock.unlock();
    }
  }

  private void place(Decoding decoding, Demand demand) {
    long number = demand.block().number;
    DecodeStream behind = nearestBehind(decoding, number);
    int frame = decoding.entryOf(number * blockBytes);
    if (behind == null || !isOnTheWay(behind, number, decoding.entryDecoded(frame))) {
      DecodeStream fresh = freeStream();
      if (fresh != null) {
        enter(fresh, decoding, frame);
        behind = fresh;
      }
    }
    if (behind == null) {
      starved.add(new Waiting(decoding, demand));
      return;
    }
    behind.demands.put(number, demand);
    behind.wantedStored =
        Math.max(behind.wantedStored, decoding.storedEndOf((number + 1) * blockBytes - 1));
    if (behind.state == State.IDLE) {
      idle.remove(behind);
      enqueue(behind);
    } else if (behind.state == State.WAITING && StreamInputs.mayReadOn(behind)) {
      inputs.resume(behind); // to ask for more while it waits for what it has asked for
    }
  }

  private static @Nullable DecodeStream nearestBehind(Decoding decoding, long number) {
    DecodeStream best = null;
    for (DecodeStream stream : decoding.streams) {
      if (stream.nextBlock <= number && (best == null || stream.nextBlock > best.nextBlock)) {
        best = stream;
      }
    }
    return best;
  }

  private boolean isOnTheWay(DecodeStream stream, long number, long entryDecoded) {
    long furthest = stream.demands.isEmpty() ? stream.nextBlock : stream.demands.lastKey();
    return number - furthest <= NEAR_BLOCKS || stream.nextBlock * blockBytes >= entryDecoded;
  }

  /** A stream that nobody needs where it is, or a new one, or null if all are busy. */
  private @Nullable DecodeStream freeStream() {
    if (streams.size() - retired < Math.min(limit, memory.streams() - retired)) {
      DecodeStream fresh = streams.add(inputs::slackNanos, inputs::changed);
      if (fresh != null) {
        return fresh;
      }
    }
    return idle.isEmpty() ? null : idle.removeFirst();
  }

  private void enter(DecodeStream stream, Decoding decoding, int frame) {
    leave(stream);
    stream.decoding = decoding;
    stream.entryDecoded = decoding.entryDecoded(frame);
    stream.entryStored = decoding.entryStored(frame);
    stream.nextBlock = (stream.entryDecoded + blockBytes - 1) / blockBytes;
    stream.restart = true;
    stream.wantedStored = 0;
    decoding.streams.add(stream);
  }

  private static void leave(DecodeStream stream) {
    Decoding old = stream.decoding;
    if (old != null) {
      old.streams.remove(stream);
      stream.decoding = null;
    }
  }

  private void enqueue(DecodeStream stream) {
    long first = Long.MAX_VALUE;
    if (stream.hasOutput()) {
      first = stream.outputSequence;
    }
    for (Demand demand : stream.demands.values()) {
      first = Math.min(first, demand.sequence());
    }
    stream.urgency = first;
    stream.state = State.QUEUED;
    queue.add(stream);
    work.signal();
  }

  /** The most urgent stream, for one worker; null once closed. */
  @Nullable DecodeStream next() {
    lock.lock();
    try {
      while (queue.isEmpty() && !closed) {
        work.awaitUninterruptibly();
      }
      if (closed) {
        return null;
      }
      DecodeStream stream = queue.remove();
      stream.state = State.RUNNING;
      return stream;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Chooses what a running stream does next and leaves it in {@link DecodeStream#chosen}: the
   * demand for the block it stands before, or null to pass that block. False if nothing ahead is
   * wanted; the stream is parked then and no longer the caller's.
   */
  boolean choose(DecodeStream stream) {
    lock.lock();
    try {
      if (stream.demands.isEmpty()) {
        park(stream);
        return false;
      }
      long at = stream.position();
      stream.towards = stream.demands.values().iterator().next().share().job;
      stream.chosen = null;
      if (at % blockBytes == 0) {
        stream.nextBlock = at / blockBytes + 1;
        stream.chosen = stream.demands.remove(at / blockBytes);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Lets others run first; the stream is no longer the caller's. */
  void giveWay(DecodeStream stream) {
    lock.lock();
    try {
      if (stream.demands.isEmpty()) {
        park(stream);
      } else {
        enqueue(stream);
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * The stream came to the end of its shard: it leaves, and the demands it could not meet, which
   * lie behind the end, are returned.
   */
  List<Demand> ended(DecodeStream stream) {
    lock.lock();
    try {
      List<Demand> unmet = List.copyOf(stream.demands.values());
      stream.demands.clear();
      leave(stream);
      park(stream);
      return unmet;
    } finally {
      lock.unlock();
    }
  }

  /**
   * The stream cannot go on at its position: it leaves. Demands that can be met from a later frame
   * go to another stream; the others are returned, for the caller to fail.
   */
  List<Demand> broken(DecodeStream stream) {
    lock.lock();
    try {
      List<Demand> lost = new ArrayList<>();
      List<Demand> open = List.copyOf(stream.demands.values());
      stream.demands.clear();
      Decoding decoding = stream.decoding;
      leave(stream);
      park(stream);
      for (Demand demand : open) {
        long number = demand.block().number;
        if (decoding != null
            && decoding.entryDecoded(decoding.entryOf(number * blockBytes)) > stream.position()) {
          place(decoding, demand);
        } else {
          lost.add(demand);
        }
      }
      return lost;
    } finally {
      lock.unlock();
    }
  }

  /**
   * The stream's decoder does not fit the budget: what it was to decode, the block in hand
   * included, waits for another stream. Decoders that idle streams keep are given up for it; if
   * there are none, there is one stream less from now on. False, and nothing changed, if no other
   * stream holds memory, nor has given up enough since the decoder was refused: then it will never
   * fit.
   */
  boolean postpone(DecodeStream stream, long decoderBytes) {
    lock.lock();
    try {
      boolean freed = budget.freeBytes() >= decoderBytes;
      for (DecodeStream other : idle) {
        if (other.slot.holdsMemory()) {
          leave(other);
          other.slot.close();
          freed = true;
        }
      }
      boolean held = streams.all().stream().anyMatch(other -> other.slot.holdsMemory());
      Decoding decoding = stream.decoding;
      if (decoding == null || (!freed && !held)) {
        return false;
      }
      Block block = stream.output;
      Share share = stream.outputShare;
      if (block != null && share != null) {
        starved.addFirst(new Waiting(decoding, new Demand(block, share, stream.outputSequence)));
      }
      stream.clearOutput();
      stream.demands.values().forEach(demand -> starved.addLast(new Waiting(decoding, demand)));
      stream.demands.clear();
      leave(stream);
      if (freed) {
        park(stream);
      } else {
        stream.state = State.RETIRED;
        limit = Math.max(1, streams.size() - ++retired);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Takes back the demands of one share that no stream has begun with. */
  List<Withdrawn> withdraw(Share share) {
    lock.lock();
    try {
      List<Withdrawn> withdrawn = new ArrayList<>();
      for (DecodeStream stream : streams.all()) {
        Decoding decoding = stream.decoding;
        if (decoding != null) {
          stream.demands.values().removeIf(demand -> take(share, decoding, demand, withdrawn));
        }
      }
      starved.removeIf(w -> take(share, w.decoding(), w.demand(), withdrawn));
      return withdrawn;
    } finally {
      lock.unlock();
    }
  }

  /** A demand that was taken back; {@link #demandAgain} undoes that. */
  record Withdrawn(Decoding decoding, Demand demand) {}

  private static boolean take(
      Share share, Decoding decoding, Demand demand, List<Withdrawn> withdrawn) {
    return demand.share() == share && withdrawn.add(new Withdrawn(decoding, demand));
  }

  void demandAgain(Withdrawn withdrawn) {
    lock.lock();
    try {
      place(withdrawn.decoding(), withdrawn.demand());
    } finally {
      lock.unlock();
    }
  }

  private void park(DecodeStream stream) {
    stream.state = State.IDLE;
    idle.addLast(stream);
    while (!starved.isEmpty() && !idle.isEmpty()) {
      Waiting waiting = starved.removeFirst();
      place(waiting.decoding(), waiting.demand());
    }
  }

  /** Frees what idle streams keep for next time. */
  void releaseIdle() {
    lock.lock();
    try {
      for (DecodeStream stream : idle) {
        leave(stream);
        stream.slot.close();
      }
    } finally {
      lock.unlock();
    }
  }

  int streamCount() {
    lock.lock();
    try {
      return streams.size();
    } finally {
      lock.unlock();
    }
  }

  /** Lets the workers end. */
  void stop() {
    lock.lock();
    try {
      closed = true;
      work.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Frees the streams' memory; the workers have ended. */
  void free() {
    streams.free();
  }
}
