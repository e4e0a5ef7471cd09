/**
 * A pool of endpoints of one service, which chooses an endpoint for each request by concurrency limits, rate limits,
 * health and load.
 *
 * <p>
 * The pool sends nothing itself and doesn't know what is sent, so it serves embedding and chat models alike. Enter at
 * {@link dev.memlane.endpoints.EndpointPool}.
 */
@NullMarked
package dev.memlane.endpoints;

import org.jspecify.annotations.NullMarked;
