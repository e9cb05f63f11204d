/** Orders of different loaders over one dataset, measured and drawn beside each other. */
package dev.penstock.benchmarks.shuffle;
