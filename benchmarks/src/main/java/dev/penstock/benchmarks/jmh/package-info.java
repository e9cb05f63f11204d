/** JMH benchmarks, one class for each question. {@code ./penstock bench jmh REGEX} runs them. */
package dev.penstock.benchmarks.jmh;
