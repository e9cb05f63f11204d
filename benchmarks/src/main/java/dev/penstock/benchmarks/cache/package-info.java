/** What the cache keeps: hit ratios beside other policies, and throughput over its size. */
package dev.penstock.benchmarks.cache;
