/**
 * Metrics and traces of memories and lanes, through Micrometer.
 *
 * <p>
 * Enter at {@link dev.memlane.micrometer.MemlaneMetrics} for meters, and at
 * {@link dev.memlane.micrometer.MemlaneObservations} for spans.
 */
@NullMarked
package dev.memlane.micrometer;

import org.jspecify.annotations.NullMarked;
