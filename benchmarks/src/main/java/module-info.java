/** Measurements: JMH for the parts, scenarios for the whole, data generators, the demonstration. */
@org.jspecify.annotations.NullMarked
module dev.penstock.benchmarks {
  requires static transitive org.jspecify;
  requires static jmh.core;
  requires static org.reactivestreams;
  requires static software.amazon.awssdk.auth;
  requires static software.amazon.awssdk.core;
  requires static software.amazon.awssdk.http;
  requires static software.amazon.awssdk.http.crt;
  requires static software.amazon.awssdk.http.nio.netty;
  requires static software.amazon.awssdk.regions;
  requires static software.amazon.awssdk.services.s3;
  requires static software.amazon.awssdk.utils;
  requires java.management;
  requires jdk.management;
  requires dev.penstock.loader;
  requires com.github.benmanes.caffeine;
  requires com.fasterxml.jackson.databind;
  requires info.picocli;

  opens dev.penstock.benchmarks.verbs to
      info.picocli;

  provides dev.penstock.loader.cli.Verb with
      dev.penstock.benchmarks.verbs.BenchVerb,
      dev.penstock.benchmarks.verbs.ConformanceVerb,
      dev.penstock.benchmarks.verbs.DemoVerb;
}
