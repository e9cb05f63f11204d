/** The verbs that live beside the application: measurements and the demonstration. */
package dev.penstock.benchmarks.verbs;
