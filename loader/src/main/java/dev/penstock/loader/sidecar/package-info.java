/**
 * The sidecar: one process per host that fills the rings of its trainers.
 *
 * <pre>
 *  trainer ──control socket──▶ Sidecar ─▶ Connection ─▶ loader session
 *     ▲                                                     │
 *     └────────── ring: memfd of the trainer ◀──────────────┘
 * </pre>
 *
 * <p>Small messages cross the socket ({@code docs/protocol/control.md}); batches lie in memory that
 * the trainer owns and both map ({@code docs/protocol/ring.md}).
 */
package dev.penstock.loader.sidecar;
