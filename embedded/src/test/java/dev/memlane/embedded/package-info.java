@NullMarked
package dev.memlane.embedded;

import org.jspecify.annotations.NullMarked;
