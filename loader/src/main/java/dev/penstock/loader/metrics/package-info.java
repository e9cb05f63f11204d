/**
 * Counters of an engine and its sessions as Prometheus text; the only place that knows an exporter.
 */
package dev.penstock.loader.metrics;
