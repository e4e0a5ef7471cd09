/** Routes, requests and responses, and problems as responses. */
@NullMarked
package dev.memlane.server.internal.http;

import org.jspecify.annotations.NullMarked;
