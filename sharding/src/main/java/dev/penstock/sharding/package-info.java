/** The plan: a pure function from (epoch, index) to sample and back. */
package dev.penstock.sharding;
