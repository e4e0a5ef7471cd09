@NullMarked
package dev.memlane.server.internal.api;

import org.jspecify.annotations.NullMarked;
