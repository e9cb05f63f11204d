/**
 * The command line over the embeddable core: one class per verb, shared options as mixins. Results
 * go to standard output, everything else to standard error; {@link
 * dev.penstock.loader.cli.ExitCode} says what the exit status means.
 */
package dev.penstock.loader.cli;
