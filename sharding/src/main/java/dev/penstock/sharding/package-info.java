/**
 * The order of a run as arithmetic: a pure function from (epoch, index) to sample and back, the
 * same for every number of ranks, that can be left and entered anywhere with a few hundred bytes.
 *
 * <pre>
 *   DatasetShape ─┐
 *   OrderSpec ────┴─▶ Plan ─┐                ┌─▶ RankView ─▶ StepSamples   one rank's rows of a step
 *   Mixture ─▶ MixturePlan ─┴─▶ (StepPlan) ──┼─▶ LookAhead                 what it will need, in order
 *                                 ▲          └─▶ nextUse                   when bytes are read again
 *                              Cursor
 * </pre>
 *
 * <p>{@code docs/order.md} specifies every function; golden vectors hold the code to it.
 */
package dev.penstock.sharding;
