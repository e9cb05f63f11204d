@org.jspecify.annotations.NullMarked
module dev.penstock.bridge {
  requires static transitive org.jspecify;
  // com.sun.nio.file.ExtendedOpenOption.DIRECT, for the twin without native calls.
  requires jdk.unsupported;

  exports dev.penstock.bridge;
}
