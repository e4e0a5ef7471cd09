@NullMarked
package dev.memlane.server.internal.mcp;

import org.jspecify.annotations.NullMarked;
