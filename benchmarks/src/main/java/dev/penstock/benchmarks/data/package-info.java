/** Data sets made from a seed: the same seed gives the same bytes. */
package dev.penstock.benchmarks.data;
