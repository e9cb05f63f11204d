package dev.penstock.benchmarks.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Where a target's runs are made: its data, its adapter's process, and the runs that were made
 * already. A run that is asked for again is not repeated, unless it is asked for {@link #again}.
 * For one thread.
 */
final class Lab implements AutoCloseable {
  /** Seed of every run but one. */
  static final long SEED = 7;

  /**
   * A dataset as the adapter knows it.
   *
   * @param samples what is in it
   * @param shards directory of the tar shards
   * @param work directory of what the adapter made of them
   */
  record Prepared(Samples samples, Path shards, Path work) {
    void describe(ObjectNode json) {
      json.put("data", shards.toString());
      json.put("work", work.toString());
    }
  }

  private final Target target;
  private final Path shared;
  private final Path own;
  private final Path log;
  private final Duration patience;
  private final boolean brief;
  private final SplittableRandom random;
  private final Map<String, Prepared> prepared = new HashMap<>();
  private final Map<Job, Trace> made = new HashMap<>();
  private @Nullable Adapter adapter;
  private JsonNode hello = JsonNodeFactory.instance.objectNode();
  private int processes;

  /**
   * A lab.
   *
   * @param shared directory of shards, which labs may have in common
   * @param own an empty directory
   * @param log standard error of the adapter
   * @param patience how long an adapter may be silent
   * @param brief fewer random positions
   * @param seed of those positions
   */
  Lab(Target target, Path shared, Path own, Path log, Duration patience, boolean brief, long seed) {
    this.target = target;
    this.shared = shared;
    this.own = own;
    this.log = log;
    this.patience = patience;
    this.brief = brief;
    this.random = new SplittableRandom(seed);
  }

  boolean brief() {
    return brief;
  }

  /** A position from {@code from} to {@code to}, both included. */
  int position(int from, int to) {
    return random.nextInt(from, to + 1);
  }

  /** What the adapter says of itself, which it prints when it is ready. */
  JsonNode hello() throws IOException, InterruptedException {
    ready();
    return hello;
  }

  /** The dataset, written and prepared if it was not before. */
  Prepared data(Samples samples) throws IOException, InterruptedException {
    Prepared known = prepared.get(samples.letter());
    if (known != null) {
      return known;
    }
    Path shards = shared.resolve(samples.letter());
    if (!Files.exists(shards)) {
      samples.write(shards);
    }
    Prepared made = new Prepared(samples, shards, own.resolve(samples.letter()));
    Files.createDirectories(made.work());
    ObjectNode job = JsonNodeFactory.instance.objectNode().put("op", "prepare");
    made.describe(job);
    Adapter at = ready();
    at.say(job);
    JsonNode said = at.hear();
    if (!said.path("done").asBoolean()) {
      throw new AdapterException("\"done\" was expected after prepare: " + Trace.shortened(said));
    }
    ended();
    prepared.put(samples.letter(), made);
    return made;
  }

  /** A run, or the one that was made with the same job. */
  Trace run(Job job) throws IOException, InterruptedException {
    Trace before = made.get(job);
    if (before != null) {
      return before;
    }
    Trace trace = again(job);
    made.put(job, trace);
    return trace;
  }

  /** The runs of all ranks, one after the other. */
  List<Trace> all(Job job) throws IOException, InterruptedException {
    List<Trace> traces = new ArrayList<>();
    for (int rank = 0; rank < job.world(); rank++) {
      traces.add(run(job.withRank(rank)));
    }
    return traces;
  }

  /** A run in a process that did nothing else before. */
  Trace fresh(Job job) throws IOException, InterruptedException {
    leave();
    return again(job);
  }

  /** A run, whether or not it was made before. */
  Trace again(Job job) throws IOException, InterruptedException {
    try {
      return follow(job, Integer.MAX_VALUE);
    } catch (AdapterException e) {
      leave(); // whatever state it is in
      throw e;
    }
  }

  /** A run whose process is killed after so many steps were heard; what was heard until then. */
  Trace killed(Job job, int steps) throws IOException, InterruptedException {
    leave();
    Trace trace = follow(job, steps);
    if (adapter != null) {
      adapter.kill();
      adapter.close();
      adapter = null;
    }
    return trace;
  }

  private Trace follow(Job job, int most) throws IOException, InterruptedException {
    Adapter at = ready();
    List<Trace.Step> steps = new ArrayList<>();
    long began = System.nanoTime();
    long first = 0;
    try {
      at.say(job.toJson());
      while (true) {
        JsonNode said = at.hear();
        if (said.path("done").asBoolean()) {
          break;
        }
        first = first == 0 ? System.nanoTime() - began : first;
        steps.add(Trace.Step.parse(said));
        if (steps.size() == most) {
          return new Trace(steps, first);
        }
      }
    } catch (NotSupportedException e) {
      ended();
      throw e;
    }
    ended();
    return new Trace(steps, first);
  }

  private Adapter ready() throws IOException, InterruptedException {
    if (adapter == null) {
      processes++;
      Path directory = Files.createDirectories(own.resolve("p" + processes));
      adapter = new Adapter(target, directory, log, patience);
      JsonNode said = adapter.hear();
      if (!said.path("ready").isObject()) {
        throw new AdapterException(
            "the first line has to be {\"ready\": {…}}: " + Trace.shortened(said));
      }
      hello = said.path("ready");
    }
    return adapter;
  }

  /** After a job: an adapter that does one job only is started anew for the next. */
  private void ended() throws IOException {
    if (!hello.path("many_jobs").asBoolean()) {
      leave();
    }
  }

  private void leave() throws IOException {
    if (adapter != null) {
      adapter.close();
      adapter = null;
    }
  }

  @Override
  public void close() throws IOException {
    leave();
  }
}
