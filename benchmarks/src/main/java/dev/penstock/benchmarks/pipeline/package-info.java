/**
 * The whole pipeline beside other ways of reading the same bytes, in interleaved rounds of one run:
 * what counts are the ratios.
 */
package dev.penstock.benchmarks.pipeline;
