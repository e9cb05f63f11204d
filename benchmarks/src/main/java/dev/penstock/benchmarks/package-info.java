/** Measurements: JMH for the parts, scenarios for the whole. */
package dev.penstock.benchmarks;
