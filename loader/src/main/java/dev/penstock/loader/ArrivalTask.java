package dev.penstock.loader;

import dev.penstock.cache.CacheSession;
import dev.penstock.formats.ByteSource.ByteLease;
import dev.penstock.formats.ShardIndex;
import dev.penstock.loader.ArrivalLane.ArrivalReading;
import dev.penstock.sharding.ArrivalCursor;
import dev.penstock.sharding.ArrivalSpec;
import dev.penstock.sharding.ArrivalWalk;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads shards forward, some at a time, and makes batches of their samples in the order of arrival.
 * It takes the place of the look-ahead where there is no plan to look ahead in: the bytes that it
 * finds samples in are those that the gather copies from.
 */
final class ArrivalTask implements Session.Ahead {
  private static final Logger LOG = LoggerFactory.getLogger(ArrivalTask.class);

  /** The first windows of a run are smaller than this part of the others. */
  private static final int FIRST_WINDOWS = 8;

  /** Field names that a log line is written for. */
  private static final int NAMES_LOGGED = 20;

  private final Session session;
  private final ArrivalSession plan;
  private final ArrivalWalk walk;
  private final ArrivalMemory memory;
  private final ArrivalOpening opening;
  private final @Nullable ArrivalLane[] lanes;
  private final Set<String> loggedNames = new HashSet<>();

  // The batch that is being put together.
  private final ShardView[] shards;
  private final int[] samples;
  private final @Nullable ByteLease[] leases;
  private final List<ArrivalPiece> kept = new ArrayList<>();

  ArrivalTask(Session session, ArrivalSession plan, CacheSession cache, long quota, int block) {
    this.session = session;
    this.plan = plan;
    ArrivalSpec spec = plan.arrival().spec();
    this.walk = new ArrivalWalk(plan.arrival(), plan.start());
    this.memory = new ArrivalMemory(quota, spec.windowBytes());
    this.lanes = new @Nullable ArrivalLane[spec.lanes()];
    ArrivalReading reading =
        new ArrivalReading(
            plan.format(),
            plan.config().rawRecords(),
            plan.schema().columnNumbers(),
            plan.arrival().part(),
            plan.arrival().parts());
    this.opening =
        new ArrivalOpening(
            shard ->
                ArrivalLane.open(
                    reading,
                    cache,
                    shard,
                    plan.shards().get(shard),
                    memory,
                    block,
                    this::makeRoom));
    int rows = plan.config().batchSize();
    this.shards = new ShardView[rows];
    this.samples = new int[rows];
    this.leases = new @Nullable ByteLease[rows];
  }

  /** A failure comes right behind the last batch before it, however far ahead it was met. */
  @Override
  public void run() throws IOException, InterruptedException {
    long sequence = 0;
    try {
      openFirst();
      while (true) {
        offer(next(sequence));
        sequence++;
        readAhead();
      }
    } catch (IOException | RuntimeException e) {
      session.awaitTurn(sequence);
      throw e;
    }
  }

  /** Puts the next batch together; its bytes have all been asked for. */
  private BatchWork next(long sequence) throws IOException, InterruptedException {
    long began = System.nanoTime();
    long waited = memory.waitedNanos();
    fillRow(0);
    long pass = walk.pass(); // that the row was of
    for (int row = 1; row < shards.length; row++) {
      fillRow(row);
    }
    long step = plan.start().step() + sequence;
    ArrivalCursor after = walk.cursor(step + 1);
    BatchWork work = new BatchWork(sequence, step, pass, after, shards, samples);
    for (int row = 0; row < leases.length; row++) {
      work.add(leases[row]);
      leases[row] = null;
    }
    plan.moveTo(after);
    kept.forEach(ArrivalPiece::letGo);
    kept.clear();
    waited = memory.waitedNanos() - waited;
    session.lookAhead.samples.add(work.rows);
    session.lookAhead.starvedNanos.add(waited);
    session.lookAhead.busyNanos.add(Math.max(0, System.nanoTime() - began - waited));
    return work;
  }

  private void offer(BatchWork work) throws InterruptedException {
    try {
      session.offer(work);
    } catch (InterruptedException e) {
      work.discard(session);
      throw e;
    }
  }

  /** Opens the shards that come first all at a time, and asks for their first bytes. */
  private void openFirst() throws IOException, InterruptedException {
    ArrivalSpec spec = plan.arrival().spec();
    for (ArrivalCursor.Lane saved : plan.start().open()) {
      opening.start(walk.shard(saved.lane()));
    }
    int fresh = spec.lanes() - plan.start().open().size();
    for (int ahead = 0; ahead < fresh && walk.upcoming(ahead) != ArrivalWalk.NOTHING; ahead++) {
      opening.start(walk.upcoming(ahead));
    }
    for (ArrivalCursor.Lane saved : plan.start().open()) {
      ArrivalLane lane = opening.take(walk.shard(saved.lane()));
      lanes[saved.lane()] = lane;
      lane.startAt(saved.offset(), walk.bytesMax(saved.lane()));
    }
    opening.awaitAll();
    opening.askAhead(spec.windowBytes() / FIRST_WINDOWS);
  }

  private void fillRow(int row) throws IOException, InterruptedException {
    int lane = walk.turn();
    while (lane == ArrivalWalk.NOTHING || !walk.hasWindow(lane)) {
      if (lane == ArrivalWalk.NOTHING) {
        throw new IOException(
            "no sample for rank %d of %d in pass %d, over its %d of %d shards; leave empty shards out of the list, or share it among fewer ranks"
                .formatted(
                    plan.config().rank(),
                    plan.config().world(),
                    walk.pass(),
                    plan.arrival().shardsOfPass(),
                    plan.arrival().shards()));
      }
      readWindow(lane);
      lane = walk.turn();
    }
    ArrivalLane from = lane(lane);
    ShardView window = from.window();
    int sample = walk.take();
    ShardIndex index = window.index;
    shards[row] = window;
    samples[row] = sample;
    if (!index.isDamaged(sample)) {
      leases[row] = from.source.row(index.sampleOffset(sample), index.sampleBytes(sample), kept);
    }
  }

  /** The lane's shard, opened if it is not. */
  private ArrivalLane lane(int number) throws IOException, InterruptedException {
    ArrivalLane open = lanes[number];
    if (open == null) {
      open = opening.take(walk.shard(number));
      lanes[number] = open;
      walk.opened(number, ArrivalSession.identity(open.object));
    }
    return open;
  }

  private void readWindow(int number) throws IOException, InterruptedException {
    ArrivalLane lane = lane(number);
    int count =
        lane.read(
            walk.offset(number),
            walk.ordinal(number),
            walk.samplesMax(number),
            walk.bytesMax(number));
    if (count == 0) {
      lanes[number] = null;
      lane.close();
      walk.ended(number);
      return;
    }
    walk.window(number, count, lane.nextOffset(), lane.nextOrdinal());
    if (plan.config().fields().isEmpty()) {
      logUnknownFields(lane);
    }
  }

  private void logUnknownFields(ArrivalLane lane) {
    for (String name : lane.unknownFields()) {
      if (loggedNames.size() < NAMES_LOGGED && loggedNames.add(name)) {
        LOG.warn(
            "field '{}' of {} is in none of the first samples and is not delivered; name the"
                + " fields that you want",
            name,
            lane.object.location());
      }
    }
  }

  /** Asks for what will be needed next: in the lanes' next windows, then in shards behind them. */
  private void readAhead() throws IOException, InterruptedException {
    int ending = 0;
    for (ArrivalLane lane : lanes) {
      if (lane != null) {
        lane.ahead(plan.arrival().spec().windowBytes());
        ending += lane.isEnding() ? 1 : 0;
      }
    }
    while (opening.count() < ending && walk.upcoming(opening.count()) != ArrivalWalk.NOTHING) {
      opening.start(walk.upcoming(opening.count()));
    }
    opening.askAhead(plan.arrival().spec().windowBytes());
  }

  /** Somebody needs memory now: gives up what was read ahead. */
  private void makeRoom() {
    opening.giveUpAhead();
    for (ArrivalLane lane : lanes) {
      if (lane != null) {
        lane.giveUpAhead();
      }
    }
  }

  /** Gives everything back; the thread has ended. */
  @Override
  public void close() throws IOException {
    for (int row = 0; row < leases.length; row++) {
      ByteLease lease = leases[row];
      if (lease != null) {
        leases[row] = null;
        lease.close();
      }
    }
    kept.forEach(ArrivalPiece::letGo);
    kept.clear();
    IOException failed = null;
    for (ArrivalLane lane : lanes) {
      try {
        if (lane != null) {
          lane.close();
        }
      } catch (IOException e) {
        failed = e;
      }
    }
    opening.close();
    if (failed != null) {
      throw failed;
    }
  }
}
