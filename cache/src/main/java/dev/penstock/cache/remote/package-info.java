/**
 * How ranges of remote objects are read, whatever the store: in order of need, many in flight, as
 * many as the store sustains, tried again under a budget, resumed where they broke, hedged when
 * they go silent. HTTP(S) is here; other stores bring a {@link
 * dev.penstock.cache.remote.RangeTransport}.
 */
package dev.penstock.cache.remote;
