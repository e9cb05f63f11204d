package dev.penstock.cache;

import dev.penstock.cache.DecodeStream.Demand;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/**
 * The threads that decompress. Each takes the most urgent stream, decodes a block or two of it, and
 * hands it back.
 */
final class DecodeWorkers implements AutoCloseable {
  /** Blocks decoded before others get their turn: keeps a stream's window warm for a while. */
  private static final int TURN_BLOCKS = 2;

  private final DecodeScheduler scheduler;
  private final DecodeMemory memory;
  private final RamTier tier;
  private final List<Thread> threads = new ArrayList<>();
  private final LongAdder decodedBytes = new LongAdder();
  private final LongAdder wastedBytes = new LongAdder();

  DecodeWorkers(DecodeScheduler scheduler, DecodeMemory memory, RamTier tier, int count) {
    this.scheduler = scheduler;
    this.memory = memory;
    this.tier = tier;
    for (int i = 0; i < count; i++) {
      int number = i;
      threads.add(
          Thread.ofPlatform()
              .daemon()
              .name("penstock-decode-" + i)
              .start(() -> work(memory.scratchOffset(number))));
    }
  }

  long decodedBytes() {
    return decodedBytes.sum();
  }

  long wastedBytes() {
    return wastedBytes.sum();
  }

  private void work(long scratchOffset) {
    DecodeStream stream = scheduler.next();
    while (stream != null) {
      try {
        turn(stream, scratchOffset);
      } catch (DecoderMemoryException tooLarge) {
        if (!scheduler.postpone(stream, tooLarge.decoderBytes())) {
          fail(stream, tooLarge);
        }
        count(stream);
      } catch (IOException failure) {
        fail(stream, failure);
      } catch (RuntimeException | Error failure) {
        fail(stream, new IOException("decompression failed: " + failure, failure));
      }
      stream = scheduler.next();
    }
  }

  /** Runs a stream until it has had its turn, or waits for input, or has nothing to do. */
  private void turn(DecodeStream stream, long scratchOffset) throws IOException {
    Decoding decoding = stream.decoding;
    if (decoding == null) {
      throw new IllegalStateException("a decode stream was queued outside any shard");
    }
    if (stream.restart) {
      if (scheduler.inputs().mustWait(stream)) {
        return;
      }
      stream.begin(decoding.object(), decoding.codec());
    }
    stream.input.want(stream.wantedStored);
    for (int done = 0; done < TURN_BLOCKS; ) {
      if (!stream.hasOutput() && !chooseOutput(stream, decoding)) {
        return;
      }
      switch (stream.advance(tier, memory.scratchSlab(), scratchOffset)) {
        case BLOCK_DONE -> {
          settle(stream, tier.blockBytes());
          done++;
        }
        case NEEDS_INPUT -> {
          stream.input.want(stream.wantedStored);
          stream.input.insist();
          if (decoding.isRemote() && !stream.input.isReady()) {
            stream.input.widen();
          }
          if (scheduler.inputs().mustWait(stream)) {
            return;
          }
        }
        case ENDED -> {
          end(stream, decoding);
          return;
        }
      }
    }
    scheduler.giveWay(stream);
  }

  /** One step, so that nobody asks for the block between the look for demands and the passing. */
  private boolean chooseOutput(DecodeStream stream, Decoding decoding) {
    tier.enter();
    try {
      return chooseInOneStep(stream, decoding);
    } finally {
      tier.leave();
    }
  }

  private boolean chooseInOneStep(DecodeStream stream, Decoding decoding) {
    if (!scheduler.choose(stream)) {
      return false;
    }
    Demand demand = stream.chosen;
    if (demand != null) {
      stream.fill(demand.block(), demand.share());
      stream.outputSequence = demand.sequence();
      return true;
    }
    stream.outputSequence = Long.MAX_VALUE;
    Block passing =
        stream.blockPosition() == 0
            ? tier.passing(decoding.object(), stream.position() / tier.blockBytes())
            : null;
    if (passing != null) {
      stream.fill(passing, tier.passingShare());
    } else {
      stream.discarding = true;
    }
    return true;
  }

  /** The present block has all its bytes, or the last that there are. */
  private void settle(DecodeStream stream, int bytes) {
    Block block = stream.output;
    Share share = stream.outputShare;
    stream.clearOutput();
    count(stream);
    if (block != null && share != null) {
      tier.fetched(share, stream.towards, block, bytes);
    }
  }

  private void end(DecodeStream stream, Decoding decoding) {
    decoding.decodedBytes = stream.position();
    settle(stream, stream.blockPosition());
    for (Demand demand : scheduler.ended(stream)) {
      tier.fetched(demand.share(), demand.block(), 0);
    }
  }

  private void fail(DecodeStream stream, IOException failure) {
    Block block = stream.output;
    Share share = stream.outputShare;
    stream.clearOutput();
    count(stream);
    if (block != null && share != null) {
      tier.failed(share, block, failure);
    }
    for (Demand demand : scheduler.broken(stream)) {
      tier.failed(demand.share(), demand.block(), failure);
    }
  }

  private void count(DecodeStream stream) {
    decodedBytes.add(stream.decodedBytes);
    wastedBytes.add(stream.discardedBytes);
    stream.decodedBytes = 0;
    stream.discardedBytes = 0;
  }

  @Override
  public void close() {
    scheduler.stop();
    boolean interrupted = false;
    for (Thread thread : threads) {
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException _) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
