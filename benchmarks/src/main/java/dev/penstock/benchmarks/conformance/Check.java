package dev.penstock.benchmarks.conformance;

import java.io.IOException;

/**
 * One promise.
 *
 * @param name short, stable, for {@code --only} and machines
 * @param asks the promise in a sentence
 * @param question finds out
 */
public record Check(String name, String asks, Question question) {
  /** Finds out whether a loader keeps a promise. */
  @FunctionalInterface
  interface Question {
    /**
     * Runs what it takes.
     *
     * @throws NotSupportedException when the adapter says so
     * @throws AdapterException when the adapter fails
     */
    Finding ask(Lab lab) throws IOException, InterruptedException;
  }
}
