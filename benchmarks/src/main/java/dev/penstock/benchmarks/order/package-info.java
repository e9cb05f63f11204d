/** What an order costs at the size that it is designed for. */
package dev.penstock.benchmarks.order;
