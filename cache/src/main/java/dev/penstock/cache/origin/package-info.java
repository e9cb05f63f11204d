/**
 * Where shards are stored: the origin port, local files, and two doubles that are shipped because
 * tools and benchmarks need them as well as tests: {@link dev.penstock.cache.origin.MemoryOrigin}
 * and {@link dev.penstock.cache.origin.FaultyOrigin}.
 */
package dev.penstock.cache.origin;
