/**
 * Measurements: JMH for the parts, scenarios for the whole, data generators and the demonstration.
 */
@org.jspecify.annotations.NullMarked
module dev.penstock.benchmarks {
  requires static transitive org.jspecify;
  requires static jmh.core;
  requires dev.penstock.loader;
}
