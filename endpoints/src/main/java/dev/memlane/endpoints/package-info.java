/**
 * Which of several endpoints of one service may take the next request: what each may carry at a time and in a minute, how
 * it has fared lately, and who is next.
 *
 * <p>
 * It carries nothing itself and doesn't know what is carried, so that it serves embedding and chat models alike. Enter at
 * {@link dev.memlane.endpoints.EndpointPool}.
 */
@NullMarked
package dev.memlane.endpoints;

import org.jspecify.annotations.NullMarked;
