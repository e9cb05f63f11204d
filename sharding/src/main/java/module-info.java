/** The order: extents, lanes, windows, cursors. Pure arithmetic that depends on nothing. */
@org.jspecify.annotations.NullMarked
module dev.penstock.sharding {
  requires static transitive org.jspecify;

  exports dev.penstock.sharding;
}
