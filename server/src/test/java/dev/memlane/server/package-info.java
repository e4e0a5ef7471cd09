@NullMarked
package dev.memlane.server;

import org.jspecify.annotations.NullMarked;
