package dev.penstock.benchmarks.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * One rank's run, as an adapter is told it.
 *
 * @param sources what to read; several are a mixture
 * @param seed of the order
 * @param epochs passes over the data; 0 never ends
 * @param rank data-parallel rank
 * @param world number of ranks
 * @param batch rows of this rank in a step
 * @param workers worker processes or threads, as the loader has them
 * @param start where to go on; empty: at the beginning
 * @param steps stop after so many; 0 at the end of the epochs
 * @param states after which steps to print the state
 */
record Job(
    List<Source> sources,
    long seed,
    int epochs,
    int rank,
    int world,
    int batch,
    int workers,
    Optional<Start> start,
    int steps,
    States states) {
  /** A dataset and its weight in the mixture, 1 where it is alone. */
  record Source(Lab.Prepared data, double weight) {}

  /** After which steps the state is wanted. */
  enum States {
    NONE,
    LAST,
    ALL
  }

  /**
   * The states that the ranks of an earlier run saved after the same step.
   *
   * @param world its number of ranks
   * @param batch its rows of a rank
   * @param steps of the run before
   * @param states one of each rank
   */
  record Start(int world, int batch, int steps, List<JsonNode> states) {}

  static Job of(Lab.Prepared data, int world, int batch) {
    return new Job(
        List.of(new Source(data, 1)),
        Lab.SEED,
        1,
        0,
        world,
        batch,
        0,
        Optional.empty(),
        0,
        States.NONE);
  }

  static Job mix(List<Source> sources, int world, int batch, int steps) {
    return new Job(sources, Lab.SEED, 0, 0, world, batch, 0, Optional.empty(), steps, States.NONE);
  }

  Job withSeed(long other) {
    return new Job(sources, other, epochs, rank, world, batch, workers, start, steps, states);
  }

  Job withEpochs(int other) {
    return new Job(sources, seed, other, rank, world, batch, workers, start, steps, states);
  }

  Job withRank(int other) {
    return new Job(sources, seed, epochs, other, world, batch, workers, start, steps, states);
  }

  Job withWorkers(int other) {
    return new Job(sources, seed, epochs, rank, world, batch, other, start, steps, states);
  }

  Job withStart(Start other) {
    return new Job(
        sources, seed, epochs, rank, world, batch, workers, Optional.of(other), steps, states);
  }

  Job withSteps(int other) {
    return new Job(sources, seed, epochs, rank, world, batch, workers, start, other, states);
  }

  Job withStates(States other) {
    return new Job(sources, seed, epochs, rank, world, batch, workers, start, steps, other);
  }

  /** The line that an adapter reads. */
  ObjectNode toJson() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("op", "read");
    if (sources.size() == 1) {
      sources.getFirst().data().describe(json);
    } else {
      ArrayNode mix = json.putArray("mix");
      for (Source source : sources) {
        source.data().describe(mix.addObject().put("weight", source.weight()));
      }
    }
    json.put("seed", seed).put("epochs", epochs).put("rank", rank).put("world", world);
    json.put("batch", batch).put("workers", workers).put("steps", steps);
    json.put("states", states.name().toLowerCase(Locale.ROOT));
    if (start.isPresent()) {
      Start from = start.get();
      ObjectNode node = json.putObject("start");
      node.put("world", from.world()).put("batch", from.batch()).put("steps", from.steps());
      node.putArray("states").addAll(from.states());
    } else {
      json.putNull("start");
    }
    return json;
  }
}
