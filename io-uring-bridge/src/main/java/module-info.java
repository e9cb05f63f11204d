@org.jspecify.annotations.NullMarked
module dev.penstock.bridge {
  requires static transitive org.jspecify;

  exports dev.penstock.bridge;
}
