/** Stages, byte budget, batches, sidecar, command line. */
@org.jspecify.annotations.NullMarked
module dev.penstock.loader {
  requires static transitive org.jspecify;
  requires transitive dev.penstock.bridge;
  requires transitive dev.penstock.formats;
  requires transitive dev.penstock.sharding;
  requires transitive dev.penstock.cache;
  requires transitive org.apache.arrow.vector;
  requires transitive org.apache.arrow.memory.core;
  requires transitive reactor.core;
  requires transitive org.reactivestreams;
  requires java.management;
  requires jdk.httpserver;
  requires jdk.management;
  requires micrometer.core;
  requires micrometer.registry.prometheus;
  requires com.fasterxml.jackson.databind;
  requires com.github.benmanes.caffeine;
  requires info.picocli;
  requires org.apache.arrow.format;
  requires flatbuffers.java;
  requires org.slf4j;

  exports dev.penstock.loader;
  exports dev.penstock.loader.metrics;
  exports dev.penstock.loader.cli;

  opens dev.penstock.loader.cli to
      info.picocli;

  uses dev.penstock.loader.cli.Verb;
}
