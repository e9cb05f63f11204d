/** Blocks on one local device: format, claims, checks, commits. Knows neither plans nor origins. */
package dev.penstock.cache.ssd;
