/**
 * Promises that a loader keeps or breaks, asked of any loader through a small executable. The
 * protocol is in {@code docs/conformance.md}.
 */
package dev.penstock.benchmarks.conformance;
