/**
 * A client of a service that takes JSON over HTTP with a key, as OpenAI's API and its relatives do: its requests,
 * time-outs, limits and failures, whatever is asked for.
 *
 * <p>
 * Enter at {@link dev.memlane.endpoints.http.HttpEndpoint}.
 */
@NullMarked
package dev.memlane.endpoints.http;

import org.jspecify.annotations.NullMarked;
