@NullMarked
package dev.memlane.spring.boot.autoconfigure;

import org.jspecify.annotations.NullMarked;
